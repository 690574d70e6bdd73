import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove } from '../../src/kube/verbs.ts';
import { applyAll } from './support/objects.ts';
import {
  applyReady,
  condition,
  containersOf,
  createPod,
  initContainersOf,
  injectorNamed,
  useOperator,
} from './support/fixture.ts';

const fixture = useOperator();

test('OptOut injects a pod that says nothing, and not one that says no in any of the accepted words', async () => {
  const namespace = await applyReady(fixture.client, injectorNamed('optout'));
  assert.deepEqual(containersOf(await createPod(fixture.client, namespace)), ['app', 'optout-sidecar']);
  for (const no of ['false', 'no', 'OFF', '0', 'F']) {
    const annotations = { 'inject.sidecarinjector.dev/optout': no };
    assert.deepEqual(containersOf(await createPod(fixture.client, namespace, { annotations })), ['app'], no);
  }
});

test('Audit decides and changes nothing', async () => {
  const namespace = await applyReady(fixture.client, injectorNamed('audit', { mode: 'Audit' }));
  assert.deepEqual(containersOf(await createPod(fixture.client, namespace)), ['app']);
});

test('Paused changes no pod, and leaves the webhook configuration to whoever edits it', async () => {
  const { client } = fixture;
  const namespace = await applyReady(client, injectorNamed('paused'));
  assert.deepEqual(containersOf(await createPod(client, namespace)), ['app', 'paused-sidecar']);
  await applyAll(client, [injectorNamed('paused', { mode: 'Paused' })]);
  const { reason } = await condition(client, 'paused', 'Ready', 'False');
  assert.equal(reason, 'Paused');
  assert.deepEqual(containersOf(await createPod(client, namespace)), ['app']);

  const key = { name: 'sidecar-injector-paused' };
  await remove(client, RESOURCES.mutatingWebhookConfigurations, key);
  await applyAll(client, [injectorNamed('paused', { mode: 'Paused', webhook: { timeoutSeconds: 3 } })]);
  await condition(client, 'paused', 'Ready', 'False');
  assert.equal(await get(client, RESOURCES.mutatingWebhookConfigurations, key), undefined, 'the kill switch holds');

  await applyAll(client, [injectorNamed('paused')]);
  await condition(client, 'paused', 'Ready', 'True');
  assert.deepEqual(containersOf(await createPod(client, namespace)), ['app', 'paused-sidecar']);
});

test('a native sidecar comes before the init containers of the pod', async () => {
  const native = injectorNamed('native', {
    template: {
      initContainers: [{ name: 'native-sidecar', image: 'example.com/sidecar:1', restartPolicy: 'Always' }],
    },
    injection: { sidecarMode: 'Native' },
  });
  const namespace = await applyReady(fixture.client, native);
  const spec = { initContainers: [{ name: 'own', image: 'example.com/init:1' }] };
  assert.deepEqual(initContainersOf(await createPod(fixture.client, namespace, { spec })), ['native-sidecar', 'own']);
});

test('volumes, pull secrets, labels and annotations are added, and what the pod has stays', async () => {
  const full = injectorNamed('full', {
    template: {
      metadata: { labels: { added: 'yes', kept: 'template' }, annotations: { 'example.com/added': 'yes' } },
      containers: [
        { name: 'full-sidecar', image: 'example.com/sidecar:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
      imagePullSecrets: [{ name: 'registry' }],
    },
  });
  const namespace = await applyReady(fixture.client, full);
  const labels = { kept: 'pod' };
  const pod = await createPod(fixture.client, namespace, { labels, spec: { imagePullSecrets: [{ name: 'own' }] } });
  const spec = pod.spec as unknown as { volumes: { name: string }[]; imagePullSecrets: { name: string }[] };
  assert.ok(spec.volumes.some(({ name }) => name === 'data'));
  assert.deepEqual(
    spec.imagePullSecrets.map(({ name }) => name),
    ['own', 'registry'],
  );
  assert.equal(pod.metadata.labels?.['added'], 'yes');
  assert.equal(pod.metadata.labels?.['kept'], 'pod');
  assert.equal(pod.metadata.annotations?.['example.com/added'], 'yes');
});

test('two injectors on one pod both inject', async () => {
  const first = injectorNamed('first');
  const second = injectorNamed('second', {
    selection: { namespaceSelector: { matchLabels: { inject: 'first' } }, policy: 'OptOut' },
  });
  const namespace = await applyReady(fixture.client, first);
  await applyReady(fixture.client, second, 'ns-unused');
  const names = containersOf(await createPod(fixture.client, namespace));
  assert.deepEqual(names.toSorted(), ['app', 'first-sidecar', 'second-sidecar']);
});
