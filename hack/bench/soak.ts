/**
 * Whether the operator, as shipped, holds more and more memory: real pods are created and deleted all the time in an in-memory
 * cluster, which runs as a process of its own, while templates are edited, certificates and authorities change, and injectors
 * come and go. `nice node hack/bench/soak.ts [--minutes 30] [--injectors 20] [--rate 10] [--report]`: at most 110 minutes (the
 * operator's token lives for two hours), pods a second. Ends with status 1 when the heap grows, a pod was created without its
 * sidecar, or a change did not take effect.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeError } from '../../src/errors.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Pod } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, remove } from '../../src/kube/verbs.ts';
import { askForRotation, atRest, merge } from '../../test/e2e/support/certificates.ts';
import { endOnSignals, stopChildren } from '../../test/e2e/support/child.ts';
import { openEnvironment } from '../../test/e2e/support/environment.ts';
import {
  applyReady,
  condition,
  containersOf,
  createPod,
  deleteInjector,
  injectorNamed,
} from '../../test/e2e/support/fixture.ts';
import { install } from '../../test/e2e/support/installation.ts';
import { type RunningOperator, startOperator } from '../../test/e2e/support/operator.ts';
import { imageFlags } from './image-flags.ts';
import { machine, writeSection } from './report.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    injectors: { type: 'string', default: '20' },
    rate: { type: 'string', default: '10' },
    report: { type: 'boolean', default: false },
  },
});
const [MINUTES, INJECTORS, RATE] = [Number(values.minutes), Number(values.injectors), Number(values.rate)];
const PROGRAM = 'dist/sidecar-injector.js';
/** So many pods live at a time. */
const POPULATION = 200;
const READING_MS = 10_000;
const DEED_MS = 20_000;
/**
 * The only thing that is not as shipped: V8 sweeps the whole heap only when it has grown by half or so, which hides what a minute
 * adds. So the operator can be asked for a sweep.
 */
const SWEEPS_WHEN_ASKED = ['--expose-gc', "--import=data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())"];
/** For the sweep to be over. */
const SWEEP_MS = 500;
/**
 * The most that the heap may grow in the second half of a run, as a share of its level, which is some 35 MiB. In half an hour at 10
 * pods a second that is 400 bytes for each pod, less than what is cached of one while it lives, or 80 KiB for each change to an
 * injector. What a sweep leaves moves by 1 MiB with what is under way: that bends the line of 15 minutes by up to 5 %, not by 10.
 */
const GROWTH_GOAL = 0.1;
/** Fewer minutes in the second half give no line to judge by. */
const LEAST_MINUTES = 5;

interface Reading {
  /** In MiB: the heap in use, memory outside of it that its objects hold, what the system gave to the process. */
  heap: number;
  external: number;
  resident: number;
  /** Since the start: seconds of CPU, whole sweeps of the heap. */
  cpu: number;
  sweeps: number;
}

async function read({ healthUrl }: RunningOperator): Promise<Reading> {
  const page = await (await fetch(`${healthUrl}/metrics`)).text();
  const of = (metric: string): number => {
    const line = page.split('\n').find((candidate) => candidate.startsWith(`${metric} `));
    if (line === undefined) throw new Error(`the operator tells no ${metric}`);
    return Number(line.slice(metric.length + 1));
  };
  return {
    heap: of('nodejs_heap_size_used_bytes') / 2 ** 20,
    external: of('nodejs_external_memory_bytes') / 2 ** 20,
    resident: of('process_resident_memory_bytes') / 2 ** 20,
    cpu: of('process_cpu_seconds_total'),
    sweeps: Number(/^nodejs_gc_duration_seconds_count\{kind="major"\} (\d+)$/m.exec(page)?.[1] ?? 0),
  };
}

const nameOf = (index: number): string => `soak-${index}`;
const tally = { pods: 0, deeds: new Map<string, number>(), failures: [] as string[] };

function fail(what: string): void {
  tally.failures.push(what);
  console.log(`failed: ${what}`);
}

/** Creates a pod, looks for its sidecar, and deletes the oldest one, again and again; never faster to make up for lost time. */
async function turnOver(client: KubeClient, signal: AbortSignal): Promise<void> {
  const living: { name: string; namespace: string }[] = [];
  for (let turn = 0; !signal.aborted; turn++) {
    const due = performance.now() + 1000 / RATE;
    const injector = nameOf(turn % INJECTORS);
    const namespace = `ns-${injector}`;
    try {
      const pod = await create(client, RESOURCES.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { generateName: 'pod-', namespace, labels: { app: 'soak' } },
        spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
      } as unknown as Pod);
      tally.pods += 1;
      if (!containersOf(pod).includes(`${injector}-sidecar`)) fail(`a pod of ${injector} has no sidecar`);
      living.push({ name: pod.metadata.name ?? '', namespace });
      const oldest = living.length > POPULATION ? living.shift() : undefined;
      if (oldest !== undefined) await remove(client, RESOURCES.pods, oldest);
    } catch (error) {
      fail(`pod of ${injector}: ${describeError(error)}`);
    }
    await sleep(Math.max(0, due - performance.now()));
  }
}

async function editTemplate(client: KubeClient, injector: string, turn: number): Promise<void> {
  const containers = [{ name: `${injector}-sidecar`, image: `example.com/sidecar:${turn}` }];
  await merge(client, RESOURCES.sidecarInjectors, { name: injector }, { spec: { template: { containers } } });
  await condition(client, injector, 'Ready', 'True', 60_000);
}

async function rotate(client: KubeClient, injector: string, wish: string): Promise<void> {
  await askForRotation(client, injector, wish);
  await atRest(client, injector, { wish, everyMs: 1000 });
}

/** An injector whose name was never there before: what is kept by name has to be forgotten with it. */
async function comeAndGo(client: KubeClient, name: string): Promise<void> {
  const namespace = await applyReady(client, injectorNamed(name), `ns-${name}`, 60_000);
  const pod = await createPod(client, namespace);
  if (!containersOf(pod).includes(`${name}-sidecar`)) throw new Error('its pod has no sidecar');
  await deleteInjector(client, name);
  await remove(client, RESOURCES.namespaces, { name: namespace });
}

/** What people and time do to injectors, one after the other, to each injector in its turn. */
async function disturb(client: KubeClient, signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const due = performance.now() + DEED_MS;
    const injector = nameOf(turn % INJECTORS);
    const [what, deed] = deedOf(client, injector, turn);
    try {
      await deed();
      tally.deeds.set(what, (tally.deeds.get(what) ?? 0) + 1);
    } catch (error) {
      fail(`${what}, ${injector}: ${describeError(error)}`);
    }
    await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => undefined);
  }
}

function deedOf(client: KubeClient, injector: string, turn: number): [what: string, deed: () => Promise<void>] {
  // In each round of the injectors another one of the five: every injector sees all of them.
  const kind = (turn + Math.floor(turn / INJECTORS)) % 5;
  if (kind === 4 && turn % 4 === 0) return ['new authorities', () => rotate(client, injector, `ca-${turn}`)];
  if (kind === 1 || kind === 4) return ['renewals', () => rotate(client, injector, `leaf-${turn}`)];
  if (kind === 3) return ['injectors that came and went', () => comeAndGo(client, `visitor-${turn}`)];
  return ['edits of templates', () => editTemplate(client, injector, turn)];
}

/** The least of each in the minute, at the end of which the heap is swept. `cpu` and `sweeps` are the last ones. */
async function minuteOf(operator: RunningOperator): Promise<Reading> {
  const end = performance.now() + 60_000;
  const readings: Reading[] = [];
  while (performance.now() < end - READING_MS) {
    await sleep(READING_MS);
    readings.push(await read(operator));
  }
  await sleep(end - SWEEP_MS - performance.now());
  if (!operator.running) throw new Error(`the operator ended:\n${operator.lines.slice(-20).join('\n')}`);
  operator.process.kill('SIGUSR2');
  await sleep(SWEEP_MS);
  readings.push(await read(operator));
  return leastOf(readings);
}

const leastOf = (readings: readonly Reading[]): Reading => ({
  heap: Math.min(...readings.map(({ heap }) => heap)),
  external: Math.min(...readings.map(({ external }) => external)),
  resident: Math.min(...readings.map(({ resident }) => resident)),
  cpu: Math.max(...readings.map(({ cpu }) => cpu)),
  sweeps: Math.max(...readings.map(({ sweeps }) => sweeps)),
});

/** By least squares: how much a value grows from one minute to the next. */
function slopeOf(points: readonly number[]): number {
  const middle = (points.length - 1) / 2;
  const mean = points.reduce((sum, point) => sum + point, 0) / points.length;
  const above = points.reduce((sum, point, at) => sum + (at - middle) * (point - mean), 0);
  return above / points.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
}

interface Soak {
  minutes: Reading[];
  /** Pods created until the end of each minute. */
  pods: number[];
  /** Before the first pod. */
  start: Reading;
}

async function soak(): Promise<Soak> {
  const environment = await openEnvironment({ external: null, nodes: true });
  const ending = new AbortController();
  try {
    const { client } = environment;
    await install(environment);
    const operator = await startOperator(environment, {
      program: PROGRAM,
      nodeFlags: [...imageFlags(), ...SWEEPS_WHEN_ASKED],
    });
    for (let index = 0; index < INJECTORS; index++) await applyReady(client, injectorNamed(nameOf(index)));
    const start = await read(operator);
    const work = [turnOver(client, ending.signal), disturb(client, ending.signal)];
    const [minutes, pods]: [Reading[], number[]] = [[], []];
    while (minutes.length < MINUTES) {
      const minute = await minuteOf(operator);
      minutes.push(minute);
      pods.push(tally.pods);
      console.log(
        `minute ${minutes.length}: ${tally.pods} pods, heap ${minute.heap.toFixed(1)}, ` +
          `external ${minute.external.toFixed(1)}, resident ${minute.resident.toFixed(0)} MiB`,
      );
    }
    ending.abort();
    await Promise.all(work);
    return { minutes, pods, start };
  } finally {
    ending.abort();
    await stopChildren();
    await environment.close();
  }
}

const HEAD = ['minutes', 'pods', 'heap MiB', 'external MiB', 'RSS MiB', 'whole sweeps', 'CPU s'];

/** At most six rows, each with the least of its minutes. */
function rowsOf({ minutes, pods, start }: Soak): string[][] {
  const size = Math.ceil(minutes.length / 6);
  return Array.from({ length: Math.ceil(minutes.length / size) }, (_, row) => {
    const part = minutes.slice(row * size, (row + 1) * size);
    const least = leastOf(part);
    const before = minutes[row * size - 1] ?? start;
    const last = row * size + part.length;
    return [
      size === 1 ? String(last) : `${row * size + 1} to ${last}`,
      String((pods[last - 1] ?? 0) - (pods[row * size - 1] ?? 0)),
      least.heap.toFixed(1),
      least.external.toFixed(1),
      least.resident.toFixed(0),
      String(least.sweeps - before.sweeps),
      (least.cpu - before.cpu).toFixed(1),
    ];
  });
}

/** What the second half says, and whether the goal was missed. */
function verdictOf({ minutes }: Soak): { text: string; missed: boolean } {
  const half = minutes.slice(Math.floor(minutes.length / 2));
  if (half.length < LEAST_MINUTES) return { text: 'Too short a run to judge.', missed: false };
  const hourly = (of: (reading: Reading) => number): string => (slopeOf(half.map(of)) * 60).toFixed(1);
  const heaps = half.map(({ heap }) => heap);
  const level = heaps.reduce((sum, heap) => sum + heap, 0) / heaps.length;
  const growth = (slopeOf(heaps) * (heaps.length - 1)) / level;
  const missed = growth > GROWTH_GOAL;
  const text = `In the second half, by least squares over its minutes: heap ${hourly(({ heap }) => heap)} MiB an hour, external \
${hourly(({ external }) => external)} MiB an hour, RSS ${hourly(({ resident }) => resident)} MiB an hour. The heap grew by \
${(growth * 100).toFixed(1)} % of its level of ${level.toFixed(1)} MiB${missed ? ', which is more than the goal of' : '; the goal is at most'} \
${GROWTH_GOAL * 100} %.`;
  return { text, missed };
}

endOnSignals();
if (spawnSync(process.execPath, ['hack/build.ts'], { stdio: 'inherit' }).status !== 0) throw new Error('no bundle');
const result = await soak();
const table = [HEAD, HEAD.map((_, column) => (column === 0 ? '---' : '---:')), ...rowsOf(result)].map(
  (cells) => `| ${cells.join(' | ')} |`,
);
const { text, missed } = verdictOf(result);
const deeds = [...tally.deeds].map(([what, count]) => `${count} ${what}`).join(', ');
const done = `${tally.pods} pods were created, ${deeds}; ${tally.failures.length} failed or lacked the sidecar.`;
console.log([...table, done, text].join('\n'));
if (missed || tally.failures.length > 0) process.exitCode = 1;
if (values.report) {
  await writeSection(
    'soak',
    `\`make bench-soak ARGS=--report\` made this section: the bundle with Node's flags of the image and ${INJECTORS} injectors, against
the in-memory cluster. Up to ${RATE} pods a second are created and as many deleted; ${POPULATION} live at a time. Each figure of
memory is the least of the row's minutes, read every ${READING_MS / 1000} seconds, and after a sweep of the heap at the end of each minute.\n\n${machine()}\n\n${done}\n\n${table.join('\n')}\n\n${text}`,
  );
}
