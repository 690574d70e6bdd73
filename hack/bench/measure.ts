/** Measures servers side by side: in turns, so that what else the machine does hits all of them. */
import { injectorName, SERVER_NAME } from './admission-target.ts';
import { type Target, cpuOf, memoryOf } from './targets.ts';
import { type LoadResult, applyLoad, median, requestBytes } from './wire.ts';

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
  /** Of the first target's peak in the same round, the median of all rounds. */
  ratio: number;
  /** Microseconds of CPU for a request, the median of all rounds. */
  cpu: number;
  /** Latency in ms at half the peak, the median of its seconds. */
  p50: number;
  p99: number;
  p999: number;
  /** MiB. */
  memory: number;
}

export interface Effort {
  /** Of a round. Short rounds, so that all servers have the same luck with what else the machine does. */
  seconds: number;
  rounds: number;
  ca: string;
}

/** The compiler takes tens of thousands of requests. */
const WARM_SECONDS = 8;

/** Paths that are called in turn, so that not one injector alone is warm. */
const PATHS = 50;

export async function measure(scenario: Scenario, effort: Effort): Promise<Row[]> {
  const { targets } = scenario;
  for (const target of targets) await load(scenario, target, { ...effort, seconds: WARM_SECONDS });
  const rounds: Round[][] = targets.map(() => []);
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const [index, target] of targets.entries()) {
      const before = cpuOf(target);
      const { requests, perSecond } = await load(scenario, target, effort);
      rounds[index]?.push({ perSecond, cpu: (cpuOf(target) - before) / requests });
    }
  }
  const peaks = rounds.map((of) => median(of.map(({ perSecond }) => perSecond)));
  const calm: LoadResult[] = [];
  for (const [index, target] of targets.entries()) {
    // In one go, and alone: others that are idle collect their garbage on the same core.
    for (const other of targets) if (other !== target) other.pause();
    calm.push(
      await load(scenario, target, { ...effort, seconds: effort.seconds * effort.rounds }, (peaks[index] ?? 0) / 2),
    );
    for (const other of targets) if (other !== target) other.resume();
  }
  return targets.map((target, index) => {
    const of = rounds[index] ?? [];
    const [p50 = 0, p99 = 0, p999 = 0] = [0.5, 0.99, 0.999].map((share) => calm[index]?.quantile(share) ?? 0);
    return {
      target,
      peak: peaks[index] ?? 0,
      ratio: median(of.map(({ perSecond }, round) => perSecond / (rounds[0]?.[round]?.perSecond ?? perSecond))),
      cpu: median(of.map(({ cpu }) => cpu)),
      p50,
      p99,
      p999,
      memory: memoryOf(target),
    };
  });
}

interface Round {
  perSecond: number;
  /** Microseconds for a request. */
  cpu: number;
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
