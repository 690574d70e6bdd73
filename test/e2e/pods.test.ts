/** How many pods have the sidecar, how many an older one, and how many were missed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { KubeObject, Pod } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, list, remove } from '../../src/kube/verbs.ts';
import { until } from '../support/until.ts';
import { applyReady, condition, injectorNamed, injectorStatus, useOperator } from './support/fixture.ts';
import { applyAll } from './support/objects.ts';

const fixture = useOperator();

type Counts = NonNullable<NonNullable<SidecarInjector['status']>['pods']>;

const counts = async (name: string, wanted: Partial<Counts>): Promise<Counts> =>
  until(
    `${name} counts ${JSON.stringify(wanted)}`,
    async () => {
      const { status } = await injectorStatus(fixture.client, name);
      const { pods } = status ?? {};
      const same = Object.entries(wanted).every(([state, count]) => pods?.[state as keyof Counts] === count);
      if (pods !== undefined && same) return pods;
      throw new Error(JSON.stringify(pods));
    },
    { timeoutMs: 15_000 },
  );

const podIn = async (namespace: string, name: string, spec: object = {}, metadata: object = {}): Promise<Pod> => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...metadata },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'app', image: 'example.com/app:1' }],
      ...spec,
    },
  };
  return create(fixture.client, RESOURCES.pods, pod as unknown as Pod);
};

interface StoredEvent extends KubeObject {
  reason: string;
  note: string;
  regarding: { kind: string; name: string };
}

/** The one Event of the reason in the namespace. */
const told = async (namespace: string, reason: string): Promise<StoredEvent> =>
  until(`${reason} is told in ${namespace}`, async () => {
    const { items } = await list<StoredEvent>(fixture.client, RESOURCES.events, { namespace });
    const found = items.filter((event) => event.reason === reason);
    assert.ok(found.length < 2, JSON.stringify(found.map(({ note }) => note)));
    return found[0];
  });

const deployment = (namespace: string, name: string, own: object, template: object): KubeObject => {
  const labels = { app: name };
  const spec = {
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels, annotations: template },
      spec: { automountServiceAccountToken: false, containers: [{ name: 'app', image: 'example.com/app:1' }] },
    },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations: own },
    spec,
  } as KubeObject;
};

const namespaceOf = (name: string, labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

test('pods from before the injector are missed, later ones injected, and older ones outdated after a change', async () => {
  const { client } = fixture;
  await applyAll(client, [namespaceOf('ns-counted', { inject: 'counted' })]);
  await until('the namespace has its service account', () => podIn('ns-counted', 'before'));
  await podIn('ns-counted', 'refuses', {}, { annotations: { 'inject.sidecarinjector.dev/counted': 'false' } });
  await podIn('ns-counted', 'on-the-node', { hostNetwork: true });
  await applyReady(client, injectorNamed('counted'));
  assert.deepEqual(await counts('counted', { missed: 1 }), { matched: 1, injected: 0, outdated: 0, missed: 1 });

  const { regarding, note } = await told('ns-counted', 'SidecarMissed');
  assert.deepEqual([regarding.kind, regarding.name], ['Pod', 'before']);
  assert.match(note, /the pod is older than the SidecarInjector; restart the workload/);

  await podIn('ns-counted', 'first');
  await podIn('ns-counted', 'second');
  assert.deepEqual(await counts('counted', { injected: 2 }), { matched: 3, injected: 2, outdated: 0, missed: 1 });

  const template = { containers: [{ name: 'counted-sidecar', image: 'example.com/sidecar:2' }] };
  await applyAll(client, [injectorNamed('counted', { template })]);
  await condition(client, 'counted', 'Ready', 'True');
  assert.deepEqual(await counts('counted', { outdated: 2 }), { matched: 3, injected: 2, outdated: 2, missed: 1 });
  await podIn('ns-counted', 'third');
  assert.deepEqual(await counts('counted', { injected: 3 }), { matched: 4, injected: 3, outdated: 2, missed: 1 });

  for (const name of ['before', 'first', 'second']) {
    await remove(client, RESOURCES.pods, { namespace: 'ns-counted', name });
  }
  assert.deepEqual(await counts('counted', { matched: 1 }), { matched: 1, injected: 1, outdated: 0, missed: 0 });
  const { status } = await injectorStatus(client, 'counted');
  assert.equal(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True', 'nothing else is lost');
});

test('pods that have ended do not count, and those of a namespace that is selected later are missed', async () => {
  const { client } = fixture;
  await applyReady(client, injectorNamed('later'));
  await applyAll(client, [namespaceOf('ns-later-two', {})]);
  await until('the namespace has its service account', () => podIn('ns-later-two', 'runs'));
  await podIn('ns-later-two', 'ended');
  await client.request({
    method: 'PATCH',
    path: '/api/v1/namespaces/ns-later-two/pods/ended/status',
    contentType: 'application/merge-patch+json',
    body: { status: { phase: 'Succeeded' } },
  });
  assert.equal((await counts('later', { matched: 0 })).missed, 0);
  await applyAll(client, [namespaceOf('ns-later-two', { inject: 'later' })]);
  assert.deepEqual(await counts('later', { missed: 1 }), { matched: 1, injected: 0, outdated: 0, missed: 1 });
  assert.match(
    (await told('ns-later-two', 'SidecarMissed')).note,
    /pod runs has .*namespace ns-later-two was labelled later/,
  );
});

test('an annotation that nobody hears is told to the Deployment, once for all of its pods', async () => {
  const { client } = fixture;
  const key = 'inject.sidecarinjector.dev/asked';
  const selection = { namespaceSelector: { matchLabels: { inject: 'asked' } }, policy: 'OptIn' };
  await applyReady(client, injectorNamed('asked', { selection }));
  await applyAll(client, [
    deployment('ns-asked', 'misplaced', { [key]: 'true' }, {}),
    deployment('ns-asked', 'misspelt', {}, { 'inject.sidecarinjector.dev/askd': 'true' }),
    deployment('ns-asked', 'content', {}, {}),
  ]);
  const misplaced = await told('ns-asked', 'AnnotationMisplaced');
  assert.deepEqual([misplaced.regarding.kind, misplaced.regarding.name], ['Deployment', 'misplaced']);
  assert.match(misplaced.note, /put it into spec\.template\.metadata\.annotations/);
  const misspelt = await told('ns-asked', 'AnnotationMisspelt');
  assert.deepEqual([misspelt.regarding.kind, misspelt.regarding.name], ['Deployment', 'misspelt']);
  assert.match(misspelt.note, new RegExp(`listens to ${key}$`));
});

test('the counts are metrics, too', async () => {
  const page = await (await fetch(`${fixture.operator.healthUrl}/metrics`)).text();
  assert.match(page, /^sidecar_injector_pods\{injector="later",state="missed"\} 1$/m);
  assert.match(page, /^sidecar_injector_pods\{injector="later",state="outdated"\} 0$/m);
  for (const name of ['ns-counted', 'ns-later', 'ns-later-two', 'ns-asked']) {
    await remove(fixture.client, RESOURCES.namespaces, { name });
  }
});
