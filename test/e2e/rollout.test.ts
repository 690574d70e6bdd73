/** spec.rollout Restart: pods that were missed or are outdated are evicted, and come back with the sidecar as it is now. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Pod } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, list, remove } from '../../src/kube/verbs.ts';
import { until } from '../support/until.ts';
import { applyReady, condition, injectorNamed, injectorStatus, useOperator } from './support/fixture.ts';
import { loadManifests } from './support/manifests.ts';
import { applyAll, deleteAll } from './support/objects.ts';

const fixture = useOperator();
const ROLLOUT = { mode: 'Restart', maxUnavailable: 2, maxPerMinute: 100 };
const container = { name: 'app', image: 'example.com/app:1' };

const podsOf = async (namespace: string, app: string): Promise<Pod[]> => {
  const { items } = await list<Pod>(fixture.client, RESOURCES.pods, { namespace, labelSelector: `app=${app}` });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};

const podSpec = { containers: [container], terminationGracePeriodSeconds: 0, automountServiceAccountToken: false };

const deployment = (namespace: string, name: string, replicas: number): KubeObject => {
  const labels = { app: name };
  const spec = { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec } as KubeObject;
};

/** A pod that no workload makes anew. */
const podAlone = async (namespace: string, name: string, owner?: KubeObject): Promise<Pod> => {
  const { apiVersion = '', kind = '' } = owner ?? {};
  const reference = { apiVersion, kind, name: owner?.metadata.name, uid: owner?.metadata.uid, controller: true };
  const ownerReferences = owner === undefined ? [] : [reference];
  const metadata = { name, namespace, labels: { app: name }, ownerReferences };
  return create(fixture.client, RESOURCES.pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec } as Pod);
};

const started = async (namespace: string, name: string, count: number): Promise<string[]> =>
  until(`${count} pods of ${name} are there`, async () => {
    const pods = await podsOf(namespace, name);
    return pods.length === count && pods.map(({ metadata }) => metadata.uid ?? '');
  });

/** All of them carry the revision in force. */
const upToDate = async (namespace: string, app: string, injector: string, count: number): Promise<Pod[]> =>
  until(
    `the ${count} pods of ${app} are up to date`,
    async () => {
      const { status } = await injectorStatus(fixture.client, injector);
      const pods = await podsOf(namespace, app);
      const revisions = pods.map(({ metadata }) => metadata.labels?.[`injected.sidecarinjector.dev/${injector}`]);
      if (pods.length === count && revisions.every((revision) => revision === status?.template?.revision)) return pods;
      throw new Error(JSON.stringify({ revisions, status: status?.rollout, conditions: status?.conditions?.at(-1) }));
    },
    { timeoutMs: 30_000 },
  );

const namespaceOf = (name: string, injector: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { inject: injector } },
});

test('without the right to evict, the condition names the component to switch on, and nothing goes', async () => {
  const { client } = fixture;
  await applyAll(client, [namespaceOf('ns-rolled', 'rolled'), deployment('ns-rolled', 'web', 3)]);
  const before = await started('ns-rolled', 'web', 3);
  await applyReady(client, injectorNamed('rolled', { rollout: ROLLOUT }));
  const message = await until('it says what is missing', async () => {
    const found = await condition(client, 'rolled', 'RolledOut', 'False');
    return found.reason === 'NotPermitted' && found.message;
  });
  assert.match(message, /config\/components\/rollout/);
  assert.match(message, /0 outdated and 3 missed pods are left/);
  assert.deepEqual((await started('ns-rolled', 'web', 3)).toSorted(), before.toSorted());
});

test('with it, they come back injected; bare pods and those of unknown controllers are left alone', async () => {
  const { client } = fixture;
  await applyAll(client, [injectorNamed('rolled', { rollout: ROLLOUT, mode: 'Paused' })]);
  await until('nothing is injected', async () => {
    const { message } = await condition(client, 'rolled', 'RolledOut', 'False');
    return message.includes('mode is Paused');
  });
  const own = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'controller', namespace: 'ns-rolled' } };
  const controller = await create(client, RESOURCES.configMaps, own);
  const alone = [await podAlone('ns-rolled', 'bare'), await podAlone('ns-rolled', 'custom', controller)];

  const enforced = injectorNamed('rolled', { rollout: ROLLOUT, mode: 'Enforce' });
  await applyAll(client, [...loadManifests('config/components/rollout'), enforced]);
  await upToDate('ns-rolled', 'web', 'rolled', 3);
  const message = await until('only those are left', async () => {
    const found = await condition(client, 'rolled', 'RolledOut', 'False');
    return found.reason === 'NotRestartable' && found.message;
  });
  assert.match(message, /2 missed pods are left; 2 of them must be restarted by hand/);
  for (const { metadata } of alone) {
    const [pod] = await podsOf('ns-rolled', metadata.name);
    assert.equal(pod?.metadata.uid, metadata.uid);
    await remove(client, RESOURCES.pods, { name: metadata.name, namespace: 'ns-rolled' });
  }
  await condition(client, 'rolled', 'RolledOut', 'True');
  const { status } = await injectorStatus(client, 'rolled');
  assert.equal(status?.rollout?.attempts, undefined, 'nothing is left to be remembered');
});

test('a new template rolls through, and the workload is told why', async () => {
  const { client } = fixture;
  const old = await started('ns-rolled', 'web', 3);
  const template = { containers: [{ name: 'rolled-sidecar', image: 'example.com/sidecar:2' }] };
  await applyAll(client, [injectorNamed('rolled', { rollout: ROLLOUT, mode: 'Enforce', template })]);
  await condition(client, 'rolled', 'Ready', 'True');
  const pods = await upToDate('ns-rolled', 'web', 'rolled', 3);
  for (const { metadata, spec } of pods) {
    assert.ok(!old.includes(metadata.uid ?? ''));
    assert.equal(spec?.containers.find(({ name }) => name === 'rolled-sidecar')?.image, 'example.com/sidecar:2');
  }
  await condition(client, 'rolled', 'RolledOut', 'True');
  const { items } = await list<KubeObject & { reason: string; note: string; regarding: { kind: string } }>(
    client,
    RESOURCES.events,
    { namespace: 'ns-rolled' },
  );
  const told = items.filter((event) => event.reason === 'PodEvicted' && event.regarding.kind === 'ReplicaSet');
  assert.ok(told.some(({ note }) => note.includes('had an older sidecar of SidecarInjector rolled')));
});

test('a disruption budget that says no is waited for', async () => {
  const { client } = fixture;
  await applyAll(client, [namespaceOf('ns-guarded', 'guarded'), deployment('ns-guarded', 'db', 1)]);
  const [uid] = await started('ns-guarded', 'db', 1);
  const [pod] = await podsOf('ns-guarded', 'db');
  // Where no kubelet says so: budgets do not protect pods that do not run.
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/ns-guarded/pods/${pod?.metadata.name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
  });
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'db', namespace: 'ns-guarded' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'db' } } },
  } as KubeObject;
  await applyAll(client, [budget]);
  await applyReady(client, injectorNamed('guarded', { rollout: ROLLOUT }));
  const { message } = await until('it waits', async () => {
    const found = await condition(client, 'guarded', 'RolledOut', 'False');
    if (found.reason === 'Waiting' && /disruption budget/.test(found.message)) return found;
    throw new Error(JSON.stringify(found));
  });
  assert.match(message, /0 outdated and 1 missed pods are left; .*disruption budget/);
  assert.deepEqual(await started('ns-guarded', 'db', 1), [uid]);
  await deleteAll(client, [budget]);
  await upToDate('ns-guarded', 'db', 'guarded', 1);
});

test('switched off, it leaves nothing in the status', async () => {
  const { client } = fixture;
  await applyAll(client, [injectorNamed('rolled', { rollout: { mode: 'Off' }, mode: 'Enforce' })]);
  await until('the condition is gone', async () => {
    const { status } = await injectorStatus(client, 'rolled');
    return status?.rollout === undefined && !status?.conditions?.some(({ type }) => type === 'RolledOut');
  });
  const { status } = await injectorStatus(client, 'rolled');
  assert.equal(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  await deleteAll(client, loadManifests('config/components/rollout'));
  for (const name of ['ns-rolled', 'ns-guarded']) await remove(client, RESOURCES.namespaces, { name });
});
