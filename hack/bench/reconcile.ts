/**
 * How long the operator, as shipped, takes to bring SidecarInjectors into force in an in-memory cluster, which runs as a process
 * of its own: from apply to Ready for 1, 100 and 1,000 at once; a second start with all of them; the API calls of a reconcile.
 * `node hack/bench/reconcile.ts [--counts 1,100,1000] [--report]`. Ends with status 1 when a goal is missed.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { ResourceCache } from '../../src/kube/cache.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { apply } from '../../src/kube/verbs.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { endOnSignals, stopChildren } from '../../test/e2e/support/child.ts';
import { type Environment, openEnvironment } from '../../test/e2e/support/environment.ts';
import { injectorNamed } from '../../test/e2e/support/fixture.ts';
import { install } from '../../test/e2e/support/installation.ts';
import { type RunningOperator, startOperator } from '../../test/e2e/support/operator.ts';
import { until } from '../../test/support/until.ts';
import { imageFlags } from './image-flags.ts';
import { machine, writeSection } from './report.ts';

const { values } = parseArgs({
  options: { counts: { type: 'string', default: '1,100,1000' }, report: { type: 'boolean', default: false } },
});
const COUNTS = values.counts.split(',').map(Number);
const PROGRAM = 'dist/sidecar-injector.js';
const GOALS = { readySeconds: 60, startSeconds: 1 };
const APPLIES_AT_ONCE = 16;
/** As a pod: with a second port of its own, the second start would have every Service written anew. */
const AS_SHIPPED = { program: PROGRAM, nodeFlags: imageFlags(), inCluster: true };

interface Usage {
  /** Seconds of CPU of the operator. */
  cpu: number;
  /** API calls by method. */
  calls: Map<string, number>;
}

async function usageOf({ process: child, healthUrl }: RunningOperator): Promise<Usage> {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const page = await (await fetch(`${healthUrl}/metrics`)).text();
  const calls = new Map<string, number>();
  for (const [, method = '', count] of page.matchAll(
    /^sidecar_injector_api_requests_total\{method="(\w+)".*\} (\d+)$/gm,
  )) {
    calls.set(method, (calls.get(method) ?? 0) + Number(count));
  }
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, calls };
}

const memoryOf = ({ process: child }: RunningOperator): number =>
  Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024);

const isReady = ({ status }: SidecarInjector): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

async function applyInjectors(client: KubeClient, names: readonly string[]): Promise<void> {
  const left = [...names];
  const work = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      await apply(client, RESOURCES.sidecarInjectors, injectorNamed(name), { fieldManager: 'bench' });
    }
  };
  await Promise.all(Array.from({ length: APPLIES_AT_ONCE }, work));
}

interface Row {
  what: string;
  seconds: number;
  cpu: number;
  reads: number;
  writes: number;
  memory: number;
}

const rows: Row[] = [];

/** Does the work and notes how long it took, and what the operator spent on it. */
async function noted(what: string, operator: RunningOperator, work: () => Promise<void>): Promise<Row> {
  const before = await usageOf(operator);
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const after = await usageOf(operator);
  return note(what, seconds, operator, after, before);
}

function note(what: string, seconds: number, operator: RunningOperator, after: Usage, before?: Usage): Row {
  const of = (methods: readonly string[]): number =>
    methods.reduce((sum, method) => sum + (after.calls.get(method) ?? 0) - (before?.calls.get(method) ?? 0), 0);
  const row = {
    what,
    seconds,
    cpu: after.cpu - (before?.cpu ?? 0),
    reads: of(['GET']),
    writes: of(['POST', 'PUT', 'PATCH', 'DELETE']),
    memory: memoryOf(operator),
  };
  rows.push(row);
  console.log(
    `${what.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s  CPU ${row.cpu.toFixed(1).padStart(6)} s  ` +
      `${row.reads} reads, ${row.writes} writes, ${row.memory} MiB`,
  );
  return row;
}

/** Brings that many injectors into force in a new cluster, and starts the operator again with all of them. */
async function measure(environment: Environment, count: number, missed: string[]): Promise<void> {
  const { client } = environment;
  await install(environment);
  const first = await startOperator(environment, AS_SHIPPED);
  const start = note('start of the bundle, no injector', first.startedInMs / 1000, first, await usageOf(first));
  if (start.seconds >= GOALS.startSeconds) missed.push(`start: ${start.seconds.toFixed(1)} s`);
  const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
  // A watch: to list a thousand again and again would be most of the API server's work.
  const resource = RESOURCES.sidecarInjectors;
  const seen = new ResourceCache<SidecarInjector & KubeObject>({ client, resource, log: silentLogger });
  const watching = new AbortController();
  const watch = seen.run(watching.signal);
  const ready = await noted(`${count} from apply to Ready`, first, async () => {
    await applyInjectors(client, names);
    await until(`${count} are Ready`, () => seen.list().filter(isReady).length === count, {
      timeoutMs: 900_000,
      // Each look goes through all of them, and takes CPU time from what is measured.
      everyMs: Math.max(20, count / 5),
    });
  });
  watching.abort();
  await watch;
  if (ready.seconds >= GOALS.readySeconds) missed.push(`${count} from apply to Ready: ${ready.seconds.toFixed(0)} s`);
  const idle = await noted(`20 s with ${count} and no change`, first, async () => {
    await new Promise((resolve) => setTimeout(resolve, 20_000));
  });
  console.log(`  for each injector: ${((ready.reads + ready.writes) / count).toFixed(1)} calls to Ready`);
  console.log(`  writes while nothing changes, leases and the census among them: ${idle.writes}`);
  await first.stop();
  const second = await startOperator(environment, AS_SHIPPED);
  note(`start with ${count}, until ready`, second.startedInMs / 1000, second, await usageOf(second));
  await second.stop();
}

const missed: string[] = [];
endOnSignals();
if (spawnSync(process.execPath, ['hack/build.ts'], { stdio: 'inherit' }).status !== 0) throw new Error('no bundle');
for (const count of COUNTS) {
  const environment = await openEnvironment({ external: null, nodes: true });
  try {
    await measure(environment, count, missed);
  } finally {
    await stopChildren();
    await environment.close();
  }
}
for (const text of missed) console.log(`missed: ${text}`);
if (missed.length > 0) process.exitCode = 1;
if (values.report) {
  const table = [
    '| what | seconds | CPU s | reads | writes | RSS MiB |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      ({ what, seconds, cpu, reads, writes, memory }) =>
        `| ${what} | ${seconds.toFixed(1)} | ${cpu.toFixed(1)} | ${reads} | ${writes} | ${memory} |`,
    ),
  ];
  await writeSection(
    'reconcile',
    `\`make bench-reconcile ARGS=--report\` made this section: the bundle with Node's flags of the image against the in-memory
cluster, which shares the machine with it. CPU time and calls are the operator's.\n\n${machine()}\n\n${table.join('\n')}`,
  );
}
