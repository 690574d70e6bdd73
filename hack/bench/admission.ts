/**
 * The admission server beside a raw node:https server, measured in the same run, in turns: AdmissionReviews of
 * test/testdata over TLS, keep-alive, 16 connections. `node hack/bench/admission.ts [--seconds 5] [--rounds 3]`
 * Prints a table and ends with status 1 when a goal is missed.
 */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serviceDnsName } from '../../src/api/v1alpha1/names.ts';
import { createAuthority, issueServing } from '../../src/pki/authority.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { type Child, startChild, stopChildren } from '../../test/e2e/support/child.ts';
import { until } from '../../test/support/until.ts';
import { type ReviewName, REVIEWS, reviewBytes } from '../../test/testdata/samples.ts';
import { BENCH_NAMESPACE, injectorName } from './admission-target.ts';

interface Result {
  requests: { average: number; total: number };
  latency: { p50: number; p99: number; max: number };
  non2xx: number;
  errors: number;
}
type Autocannon = (options: object) => Promise<Result>;
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' } },
});
const SECONDS = Number(values.seconds);
const ROUNDS = Number(values.rounds);
const CONNECTIONS = 16;
const SERVER_NAME = serviceDnsName(injectorName(0), BENCH_NAMESPACE);
/** Paths that are called in turn, so that not one injector alone is warm. */
const PATHS = 50;

/** What the API server mostly sends, and the same with a pod of 179 KB among them. */
const MIXES: Record<string, readonly ReviewName[]> = {
  usual: REVIEWS.filter((name) => name !== 'big-179k'),
  'with 179 KB': REVIEWS,
};

const GOALS = { ratio: { 1: 0.6, 1000: 0.5 } as Record<number, number>, p99: 5, memory: 200 };

interface Target {
  child: Child;
  name: string;
  injectors: number;
  port: number;
}

async function start(kind: 'raw' | 'ours', injectors: number, identity: string): Promise<Target> {
  const child = startChild(['hack/bench/admission-target.ts', kind, String(injectors), identity]);
  const port = (): number => Number(/^listening (\d+)$/m.exec(child.lines.join('\n'))?.[1] ?? 0);
  await until(`${kind} listens`, () => port() > 0, { timeoutMs: 60_000 });
  return { child, name: kind === 'raw' ? 'raw node:https' : `ours, ${injectors} injectors`, injectors, port: port() };
}

/** Resident memory in MiB. */
function memoryOf({ child }: Target): number {
  const status = readFileSync(`/proc/${child.process.pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

/**
 * CPU time of the process so far, of all its threads, in microseconds: unlike requests per second it hardly changes with
 * what else runs on the machine.
 */
function cpuOf({ child }: Target): number {
  const fields = readFileSync(`/proc/${child.process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}
const MICROSECONDS_PER_TICK = 10_000;

async function load(target: Target, mix: readonly ReviewName[], ca: string, rate?: number): Promise<Result> {
  const result = await autocannon({
    url: `https://127.0.0.1:${target.port}`,
    connections: CONNECTIONS,
    duration: SECONDS,
    servername: SERVER_NAME,
    tlsOptions: { ca },
    requests: Array.from({ length: PATHS }, (_, index) => ({
      method: 'POST',
      path: `/mutate/${injectorName(index % Math.max(1, target.injectors))}?timeout=5s`,
      headers: { 'content-type': 'application/json' },
      body: reviewBytes(mix[index % mix.length] ?? 'bare'),
    })),
    ...(rate !== undefined && { overallRate: rate }),
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${target.name}: ${result.non2xx} not 2xx, ${result.errors} failed`);
  return result;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

const missed: string[] = [];
const goal = (ok: boolean, text: string): void => {
  if (!ok) missed.push(text);
};

/** One mix: all servers in turns, so that what else the machine does hits all of them. */
async function measure(
  name: string,
  mix: readonly ReviewName[],
  targets: readonly Target[],
  ca: string,
): Promise<void> {
  const rates = new Map<Target, number[]>();
  const costs = new Map<Target, number[]>();
  const latencies = new Map<Target, Result['latency']>();
  for (const target of targets) await load(target, mix, ca);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const target of targets) {
      const before = cpuOf(target);
      const { requests } = await load(target, mix, ca);
      costs.set(target, [...(costs.get(target) ?? []), (cpuOf(target) - before) / requests.total]);
      rates.set(target, [...(rates.get(target) ?? []), requests.average]);
    }
  }
  const peak = (target: Target): number => median(rates.get(target) ?? []);
  for (const target of targets)
    latencies.set(target, (await load(target, mix, ca, Math.round(peak(target) / 2))).latency);
  const [raw] = targets;
  console.log(`\n${name}: ${mix.join(', ')}`);
  console.log(
    'server                  requests/s   of raw   CPU us   at half the peak: p50 ms  p99 ms  max ms   RSS MiB',
  );
  for (const target of targets) {
    const ratio = peak(target) / (raw === undefined ? 1 : peak(raw));
    const { p50 = 0, p99 = 0, max = 0 } = latencies.get(target) ?? {};
    const memory = memoryOf(target);
    console.log(
      target.name.padEnd(22) +
        [
          [peak(target).toFixed(0), 12],
          [`${(ratio * 100).toFixed(0)} %`, 9],
          [Math.min(...(costs.get(target) ?? [0])).toFixed(0), 9],
          [p50, 26],
          [p99, 8],
          [max, 8],
          [memory, 10],
        ]
          .map(([text, width]) => String(text).padStart(Number(width)))
          .join(''),
    );
    if (target === raw) continue;
    goal(
      ratio >= (GOALS.ratio[target.injectors] ?? 0),
      `${name}, ${target.name}: ${(ratio * 100).toFixed(0)} % of raw`,
    );
    goal(p99 < GOALS.p99, `${name}, ${target.name}: p99 ${p99} ms`);
    goal(memory < GOALS.memory, `${name}, ${target.name}: ${memory} MiB`);
  }
}

async function identityFile(directory: string): Promise<{ file: string; ca: string }> {
  const now = new Date();
  const authority = await createAuthority({ name: 'bench', now, lifetimeSeconds: 3600, keySize: 2048 });
  const key = await generatePrivateKey(2048);
  const cert = await issueServing({
    authority,
    publicKey: createPrivateKey(key),
    identity: { commonName: SERVER_NAME, dnsNames: [SERVER_NAME], ipAddresses: [] },
    now,
    lifetimeSeconds: 3600,
  });
  const file = join(directory, 'identity.json');
  writeFileSync(file, JSON.stringify({ key, cert }));
  return { file, ca: authority.certificate };
}

const directory = mkdtempSync(join(tmpdir(), 'bench-admission-'));
try {
  const { file, ca } = await identityFile(directory);
  const targets = [await start('raw', 1, file), await start('ours', 1, file), await start('ours', 1000, file)];
  for (const [name, mix] of Object.entries(MIXES)) await measure(name, mix, targets, ca);
} finally {
  await stopChildren();
  rmSync(directory, { recursive: true, force: true });
}
for (const text of missed) console.log(`missed: ${text}`);
if (missed.length > 0) process.exitCode = 1;
