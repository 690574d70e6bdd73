/** Measures servers side by side: in turns, so that what else the machine does hits all of them. */
import { injectorName, SERVER_NAME } from './admission-target.ts';
import { type Target, cpuOf, memoryOf } from './targets.ts';
import { type LoadResult, applyLoad, requestBytes } from './wire.ts';

export interface Scenario {
  title: string;
  bodies: readonly Buffer[];
  connections: number;
  targets: readonly Target[];
}

export interface Row {
  target: Target;
  /** Requests per second at the peak, the median of all rounds. */
  peak: number;
  /** Of the first target's peak. */
  ratio: number;
  /** Microseconds of CPU for a request, the median of all rounds. */
  cpu: number;
  /** Latency in ms at half the peak. */
  p50: number;
  p99: number;
  p999: number;
  /** MiB. */
  memory: number;
}

export interface Effort {
  seconds: number;
  rounds: number;
  ca: string;
}

/** Paths that are called in turn, so that not one injector alone is warm. */
const PATHS = 50;

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

export async function measure(scenario: Scenario, effort: Effort): Promise<Row[]> {
  const { targets } = scenario;
  const rates = new Map(targets.map((target) => [target, [] as number[]]));
  const costs = new Map(targets.map((target) => [target, [] as number[]]));
  // Twice to warm up: the compiler takes tens of thousands of requests.
  for (const target of [...targets, ...targets]) await load(scenario, target, effort);
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const target of targets) {
      const before = cpuOf(target);
      const { requests, perSecond } = await load(scenario, target, effort);
      costs.get(target)?.push((cpuOf(target) - before) / requests);
      rates.get(target)?.push(perSecond);
    }
  }
  const rows: Row[] = [];
  for (const target of targets) {
    const peak = median(rates.get(target) ?? []);
    const calm = await load(scenario, target, effort, peak / 2);
    const [p50 = 0, p99 = 0, p999 = 0] = [0.5, 0.99, 0.999].map((share) => calm.quantile(share));
    const ratio = peak / (rows[0]?.peak ?? peak);
    const cpu = median(costs.get(target) ?? []);
    rows.push({ target, peak, ratio, cpu, p50, p99, p999, memory: memoryOf(target) });
  }
  return rows;
}

async function load(
  { bodies, connections }: Scenario,
  target: Target,
  { seconds, ca }: Effort,
  rate?: number,
): Promise<LoadResult> {
  const requests = Array.from({ length: PATHS }, (_, index) =>
    requestBytes(
      `/mutate/${injectorName(index % target.injectors)}?timeout=5s`,
      bodies[index % bodies.length] ?? Buffer.of(),
    ),
  );
  const result = await applyLoad({
    port: target.port,
    servername: SERVER_NAME,
    ca,
    connections,
    seconds,
    requests,
    ...(rate !== undefined && { rate }),
  });
  if (result.failed > 0) throw new Error(`${target.name}: ${result.failed} answers were not 200`);
  return result;
}
