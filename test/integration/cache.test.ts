/** The cache against an API server: what it shows is what is stored, through everything that happens between. */

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ResourceCache, type CacheOptions } from '../../src/kube/cache.ts';
import type { ConfigMap, KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, list, remove, replace } from '../../src/kube/verbs.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnCluster } from './own-cluster.ts';

const NAMESPACE = 'default';
// A short memory, so that a watch that comes back late meets 410.
const { cluster, client } = await startOwnCluster({ historySize: 20 });
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  cluster.faults.clear();
  await Promise.all(ends.splice(0).map((end) => end()));
});

const follow = async <T extends KubeObject>(options: Partial<CacheOptions<T>> = {}): Promise<ResourceCache<T>> => {
  const cache = new ResourceCache<T>({
    client,
    resource: RESOURCES.configMaps,
    namespace: NAMESPACE,
    log: silentLogger,
    timing: { backoff: { baseMs: 5, maxMs: 20 } },
    ...options,
  });
  const controller = new AbortController();
  const running = cache.run(controller.signal);
  ends.push(async () => {
    controller.abort(new Error('the test is over'));
    await running;
  });
  await cache.whenSynced(AbortSignal.timeout(5000));
  return cache;
};

const configMap = (name: string, value: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: NAMESPACE, labels: { value } },
  data: { value },
});

const versions = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
const agrees = (cache: ResourceCache<ConfigMap>): Promise<unknown> =>
  eventually(async () => {
    const { items } = await list<ConfigMap>(client, RESOURCES.configMaps, { namespace: NAMESPACE });
    assert.deepEqual(versions(cache.list()), versions(items));
    return true;
  });

/** Creates, changes and deletes config maps in an order of its own. */
const churn = async (prefix: string, rounds: number): Promise<void> => {
  for (let round = 0; round < rounds; round++) {
    const made = await create(client, RESOURCES.configMaps, configMap(`${prefix}-${round}`, 'first'));
    const changed = await replace(client, RESOURCES.configMaps, { ...made, data: { value: 'second' } });
    if (round % 2 === 0) await remove(client, RESOURCES.configMaps, changed.metadata);
  }
};

describe('a cache of a cluster', () => {
  it('follows creates, changes and deletes', async () => {
    const cache = await follow<ConfigMap>();
    await churn('plain', 6);
    await agrees(cache);
    assert.equal(cache.get('plain-1', NAMESPACE)?.data?.['value'], 'second');
    assert.equal(cache.get('plain-0', NAMESPACE), undefined);
  });

  it('follows through watches that are cut, refused and slowed while things happen', async () => {
    const cache = await follow<ConfigMap>();
    const busy = churn('cut', 20);
    for (let cut = 0; cut < 10; cut++) {
      cluster.faults.add({
        verb: 'watch',
        resource: 'configmaps',
        status: [500, 429, 503][cut % 3] ?? 500,
        retryAfterSeconds: 0,
        times: 1,
      });
      cluster.faults.dropWatches({ resource: 'configmaps' });
      await new Promise((resolve) => void setTimeout(resolve, 5));
    }
    await busy;
    await agrees(cache);
  });

  it('lists again when it was away longer than the server remembers', async () => {
    const relists: string[] = [];
    const metrics = {
      watchRestart: () => undefined,
      relist: (resource: string) => void relists.push(resource),
      event: () => undefined,
      objects: () => undefined,
      listenerError: () => undefined,
    };
    const cache = await follow<ConfigMap>({ metrics });
    const back = cluster.faults.add({ verb: 'watch', resource: 'configmaps', status: 503 });
    cluster.faults.dropWatches({ resource: 'configmaps' });
    await churn('away', 15);
    back();
    await agrees(cache);
    assert.equal(relists.length, 2);
  });

  it('holds metadata alone when that is asked for, and what a selector selects', async () => {
    await create(client, RESOURCES.configMaps, configMap('selected', 'wanted'));
    const cache = await follow<ConfigMap>({ metadataOnly: true, labelSelector: 'value=wanted' });
    await create(client, RESOURCES.configMaps, configMap('selected-later', 'wanted'));
    await create(client, RESOURCES.configMaps, configMap('not-selected', 'other'));
    await eventually(() => cache.list().length === 2);
    for (const { data, kind, apiVersion } of cache.list())
      assert.deepEqual({ data, kind, apiVersion }, { data: undefined, kind: 'ConfigMap', apiVersion: 'v1' });
    const live = await client.request<ConfigMap>({ path: `/api/v1/namespaces/${NAMESPACE}/configmaps/selected` });
    await replace(client, RESOURCES.configMaps, { ...live, metadata: { ...live.metadata, labels: {} } });
    // What is not selected any more is deleted, for us.
    await eventually(() => cache.list().length === 1);
  });

  it('waits for a resource that is not served yet', async () => {
    const resource = { group: 'nowhere.dev', version: 'v1', plural: 'nothings', namespaced: false, kind: 'Nothing' };
    const lines: string[] = [];
    const log = {
      ...silentLogger,
      child: () => ({
        ...silentLogger,
        warn: (_: string, fields?: Record<string, unknown>) => void lines.push(String(fields?.['error'])),
      }),
    };
    const cache = new ResourceCache<KubeObject>({
      client,
      resource,
      log,
      timing: { backoff: { baseMs: 5, maxMs: 20 } },
    });
    const controller = new AbortController();
    const running = cache.run(controller.signal);
    await eventually(() => lines.length > 2);
    assert.match(lines[0] ?? '', /nothings is not served/);
    assert.equal(cache.hasSynced, false);
    controller.abort(new Error('over'));
    await running;
  });
});
