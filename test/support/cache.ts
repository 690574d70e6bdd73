import assert from 'node:assert/strict';
import { ResourceCache, type CacheOptions, type Change } from '../../src/kube/cache.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { keyOf } from '../../src/kube/store.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { eventually } from './eventually.ts';
import { WatchServer } from './watch-server.ts';

export interface Fixture {
  server: WatchServer;
  cache: ResourceCache<KubeObject>;
  changes: Change<KubeObject>[];
  restarts: string[];
  /** What the cache runs under. */
  signal: AbortSignal;
  /** Ends the cache and waits for its end. */
  stop: () => Promise<void>;
}

/** Runs a test with a cache that follows a server; whatever the test does, the cache must end afterwards. */
export const withCache = async (
  test: (fixture: Fixture) => Promise<void>,
  options: Partial<CacheOptions<KubeObject>> = {},
  seed: (server: WatchServer) => void = () => undefined,
): Promise<void> => {
  await using server = await new WatchServer().start();
  seed(server);
  const client = createKubeClient({ load: () => server.http.kubeConfig(), timeoutMs: 1000 });
  const restarts: string[] = [];
  const cache = new ResourceCache<KubeObject>({
    client,
    resource: RESOURCES.pods,
    log: silentLogger,
    timing: { backoff: { baseMs: 2, maxMs: 10 } },
    pageSize: 2,
    metrics: {
      watchRestart: (_, reason) => restarts.push(reason),
      relist: () => undefined,
      event: () => undefined,
      objects: () => undefined,
      listenerError: () => restarts.push('listener-error'),
    },
    ...options,
  });
  const changes: Change<KubeObject>[] = [];
  cache.onChange((change) => changes.push(change));
  const controller = new AbortController();
  const running = cache.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort(new Error('the test is over'));
    await running;
  };
  try {
    await test({ server, cache, changes, restarts, signal: controller.signal, stop });
  } finally {
    await stop();
    await client.close();
  }
};

/** Which objects there are, and in which version. */
export const versions = (objects: Iterable<KubeObject>): string[] =>
  [...objects].map((object) => `${keyOf(object)}@${object.metadata.resourceVersion}`).sort();
/** Waits until the cache shows what the server has. */
export const sameAs = (server: WatchServer, cache: ResourceCache<KubeObject>): Promise<unknown> =>
  eventually(() => {
    assert.deepEqual(versions(cache.list()), versions(server.pods.values()));
    return true;
  });
