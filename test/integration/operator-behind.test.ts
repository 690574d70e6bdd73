/** An operator whose watches are behind: it does not take what it wrote itself for something that is still to be said. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { KubeClient, RequestOptions } from '../../src/kube/client.ts';
import { eventually, PATHS, World } from './operator-world.ts';

/** More than the second that times in conditions are told in. */
const WATCH_LAG_MS = 1200;

let world: World;
before(async () => {
  world = await World.start({ watchLagMs: WATCH_LAG_MS });
});
after(() => world.stop());

/** Every version of an injector that the operator's writes of its status led to. */
const versions: SidecarInjector[] = [];

const recorded = (client: KubeClient): KubeClient => ({
  server: client.server,
  namespace: client.namespace,
  request: async <T>(options: RequestOptions): Promise<T> => {
    const answer = await client.request<T>(options);
    if (options.path === `${PATHS.injector('behind')}/status`) versions.push(answer as SidecarInjector);
    return answer;
  },
  stream: (options) => client.stream(options),
  close: () => client.close(),
});

test('a condition that stays as it is keeps the time of its change', async () => {
  await world.startOperator({ wrap: recorded });
  await world.applyInjector('behind');
  await world.ready('behind');
  const { metadata } = await world.merge(PATHS.injector('behind'), { spec: { webhook: { timeoutSeconds: 4 } } });
  // This change comes by the watch, after all that the first certificate led to.
  await eventually('it is followed', async () =>
    versions.some(({ status }) => status?.observedGeneration === metadata.generation),
  );
  const told = versions.map(({ status }) => new Map((status?.conditions ?? []).map((each) => [each.type, each])));
  for (const [index, conditions] of told.entries()) {
    for (const { type, status, lastTransitionTime } of conditions.values()) {
      const before = told[index - 1]?.get(type);
      if (before?.status === status) assert.equal(lastTransitionTime, before.lastTransitionTime, type);
    }
  }
});
