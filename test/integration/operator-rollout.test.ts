/** A rollout that does not help, seen over a change of the leader. */
import assert from 'node:assert/strict';
import { after, afterEach, before, it } from 'node:test';
import type { KubeClient } from '../../src/kube/client.ts';
import { eventually, PATHS, World, type Json, type Operator } from './operator-world.ts';

let world: World;
/** Names of the pods whose eviction was asked for. */
const evictions: string[] = [];
const counting = (client: KubeClient): KubeClient => ({
  ...client,
  request: async (options) => {
    const [, pod] = /\/pods\/([^/]+)\/eviction$/.exec(options.path) ?? [];
    if (pod !== undefined && options.query?.['dryRun'] === undefined) evictions.push(pod);
    return client.request<never>(options);
  },
});

before(async () => {
  world = await World.start();
  await world.applyFiles('config/components/rollout/evictor.yaml');
});
afterEach(async () => {
  for (const operator of operators.splice(0)) await operator.kill();
});
after(() => world.stop());

const operators: Operator[] = [];
const start = async (wrap: (client: KubeClient) => KubeClient): Promise<Operator> => {
  const operator = await world.startOperator({ wrap });
  operators.push(operator);
  return operator;
};

const rolledOut = (): Promise<Json> => world.condition('stuck', 'RolledOut');

it('a workload whose new pods come back no better is left alone, by the next leader too, until the template changes', async () => {
  const label = 'injected.sidecarinjector.dev/stuck';
  let undoing = true;
  // Somebody takes away what the injector adds, so that every new pod looks as if it had been missed.
  const stop = world.cluster.store.subscribe('pods', ({ type, object: { metadata } }) => {
    if (!undoing || type !== 'ADDED' || metadata.namespace !== 'apps') return;
    const change = { metadata: { labels: { [label]: null } } };
    void world.merge(`${PATHS.pods('apps')}/${metadata.name}`, change).catch(() => undefined);
  });
  await world.apply({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'apps' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'app' }] } },
    },
  });
  await eventually('the pods are there', async () => (await world.items(PATHS.pods('apps'))).length === 3);
  const operator = await start(counting);
  const rollout = { mode: 'Restart', maxUnavailable: '100%', maxPerMinute: 1000 } as const;
  await world.applyInjector('stuck', { rollout });
  await world.ready('stuck');
  await eventually('it is told', async () => (await rolledOut())?.reason === 'NotHelping');
  assert.equal(evictions.length, 1, 'the others are spared');
  assert.match((await rolledOut()).message, /restarting ReplicaSet apps\/web did not help/);
  const [attempt] = (await world.get(PATHS.injector('stuck'))).status.rollout.attempts;
  assert.equal(attempt.failures, 1);
  assert.ok(Date.parse(attempt.retryTime) - Date.now() > 200_000);

  await operator.kill();
  await start(counting);
  await world.call('POST', PATHS.pods('apps'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'bare' },
    spec: { containers: [{ name: 'app', image: 'app' }] },
  });
  await eventually('the next leader has looked', async () => /4 missed/.test((await rolledOut()).message));
  assert.equal(evictions.length, 1, 'and remembers');

  undoing = false;
  let last = '';
  await world.merge(PATHS.injector('stuck'), { spec: { template: { containers: [{ name: 'new', image: 'i' }] } } });
  await eventually('all but the bare pod are as they should be', async () => {
    const pods = await world.items(PATHS.pods('apps'));
    const injector = await world.get(PATHS.injector('stuck'));
    const current = pods.filter(({ metadata }: Json) => metadata.labels?.[label] === injector.status.template.revision);
    if (pods.length === 4 && current.length === 3) return true;
    last = JSON.stringify([pods.map(({ metadata }: Json) => metadata.labels), injector.status]);
    return false;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${last}`);
  });
  assert.equal(evictions.length, 4, 'each of the three once more');
  assert.equal(new Set(evictions).size, 4);
  stop();
  await world.remove(PATHS.injector('stuck'));
});

it('pods that come and go by the dozen cost few writes of the status', async () => {
  let writes = 0;
  await start((client) => ({
    ...client,
    request: async (options) => {
      if (options.query?.['fieldManager'] === 'sidecar-injector-pods') writes += 1;
      return client.request<never>(options);
    },
  }));
  const began = performance.now();
  await world.applyInjector('busy');
  await world.ready('busy');
  const count = async (): Promise<number> => (await world.get(PATHS.injector('busy'))).status.pods?.matched ?? 0;
  const before = await eventually('they are counted', async () => (await count()) || undefined);
  for (let number = 0; number < 60; number += 1) {
    await world.call('POST', PATHS.pods('apps'), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `busy-${number}` },
      spec: { containers: [{ name: 'app', image: 'app' }] },
    });
  }
  await eventually('all are counted', async () => (await count()) === before + 60);
  // Eight at once, then one in five seconds.
  const allowed = 9 + (performance.now() - began) / 5000;
  assert.ok(writes <= allowed, `${writes} writes`);
  assert.equal((await world.get(PATHS.injector('busy'))).status.pods.injected, 60);
});
