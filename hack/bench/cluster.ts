/**
 * How fast the in-memory cluster is, and what a slow watcher costs it: 10,000 pods are created through TLS, without
 * webhooks; then 20 watchers see 10,000 changes, while one more opens its watch and never reads. The cluster is a process
 * of its own, as in the tests. `node hack/bench/cluster.ts [PODS]`
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createReplayClient, type ReplayClient } from '../../test/conformance/replay/client.ts';
import { endOnSignals, startChild } from '../../test/e2e/support/child.ts';
import { until } from '../../test/support/until.ts';

const PODS = Number(process.argv[2] ?? 10_000);
const WATCHERS = 20;
const PARALLEL = 32;
const CREATE_GOAL_SECONDS = 20;
const COLLECTION = '/api/v1/namespaces/default/pods';

const pod = (index: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, labels: { app: `app-${index % 100}`, tier: 'bench' } },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'example.com/app:1.2.3',
        env: [{ name: 'INDEX', value: String(index) }],
        ports: [{ containerPort: 8080 }],
        resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      },
    ],
  },
});

/** Does the work for 0 to count - 1, some at a time; gives back the seconds that it took. */
const inParallel = async (count: number, work: (index: number) => Promise<void>): Promise<number> => {
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      while (next < count) await work(next++);
    }),
  );
  return (performance.now() - started) / 1000;
};

/** Resident memory of a process in MiB. */
const residentMemory = (pid: number): number => {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
};

interface Watcher {
  events: number;
  close(): void;
}

/** A watch from now on; one that does not read leaves everything in the buffers on the way. */
const openWatch = async (client: ReplayClient, version: string, reads: boolean): Promise<Watcher> => {
  const query = `watch=true&resourceVersion=${version}`;
  const { stream } = await client.open({ method: 'GET', path: `${COLLECTION}?${query}` });
  const watcher: Watcher = { events: 0, close: () => stream.destroy() };
  if (reads) {
    stream.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) watcher.events++;
    });
  }
  stream.on('error', () => {});
  return watcher;
};

const currentVersion = async (client: ReplayClient): Promise<string> => {
  const { text } = await client.send({ method: 'GET', path: `${COLLECTION}?limit=1` });
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
};

/** Changes every pod once while the watchers look on; prints how long it takes until all of them have seen all of it. */
const fanOut = async (client: ReplayClient, pid: number, round: string, slow: boolean): Promise<void> => {
  const version = await currentVersion(client);
  const watchers = await Promise.all(Array.from({ length: WATCHERS }, () => openWatch(client, version, true)));
  const sleeper = slow ? await openWatch(client, version, false) : undefined;
  const before = residentMemory(pid);
  const started = performance.now();
  const body = JSON.stringify({ metadata: { labels: { round } } });
  const headers = { 'content-type': 'application/merge-patch+json' };
  const seconds = await inParallel(PODS, async (index) => {
    const { status, text } = await client.send({ method: 'PATCH', path: `${COLLECTION}/pod-${index}`, headers, body });
    if (status !== 200) throw new Error(text);
  });
  const seen = (): number => watchers.reduce((sum, { events }) => sum + events, 0);
  await until('all watchers have seen all changes', () => seen() >= WATCHERS * PODS, { timeoutMs: 60_000 });
  const all = (performance.now() - started) / 1000;
  console.log(
    `${slow ? 'with' : 'without'} a slow watcher: ${PODS} changes in ${seconds.toFixed(1)} s, ` +
      `${seen()} events at ${WATCHERS} watchers in ${all.toFixed(1)} s, memory ${before} -> ${residentMemory(pid)} MiB`,
  );
  for (const watcher of [...watchers, ...(sleeper ? [sleeper] : [])]) watcher.close();
};

endOnSignals();
const directory = mkdtempSync(path.join(tmpdir(), 'bench-cluster-'));
const kubeconfig = path.join(directory, 'kubeconfig');
const cluster = startChild(['test/cluster/main.ts', '--kubeconfig', kubeconfig]);
try {
  await until('the cluster has started', () => cluster.lines.some((line) => line.includes(kubeconfig)));
  const pid = cluster.process.pid ?? 0;
  const client = createReplayClient(kubeconfig);
  const empty = residentMemory(pid);
  const seconds = await inParallel(PODS, async (index) => {
    const { status, text } = await client.send({ method: 'POST', path: COLLECTION, body: JSON.stringify(pod(index)) });
    if (status !== 201) throw new Error(text);
  });
  console.log(
    `${PODS} pods created in ${seconds.toFixed(1)} s (goal: ${CREATE_GOAL_SECONDS} s for 10,000), ` +
      `${Math.round(PODS / seconds)} a second, memory ${empty} -> ${residentMemory(pid)} MiB`,
  );
  // The first round fills what the cluster remembers of the past; only then do two rounds compare.
  await fanOut(client, pid, 'a', false);
  await fanOut(client, pid, 'b', false);
  await fanOut(client, pid, 'c', true);
  client.close();
  if (seconds > (CREATE_GOAL_SECONDS * PODS) / 10_000) process.exitCode = 1;
} finally {
  await cluster.stop();
  rmSync(directory, { recursive: true, force: true });
}
