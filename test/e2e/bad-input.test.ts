import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/kube/objects.ts';
import { ApiError } from '../../src/kube/errors.ts';
import { applyAll } from './support/objects.ts';
import {
  applyReady,
  condition,
  containersOf,
  createPod,
  deleteInjector,
  injectorNamed,
  injectorStatus,
  useOperator,
} from './support/fixture.ts';

const fixture = useOperator();

const selection = { namespaceSelector: { matchLabels: { inject: 'bad' } } };
const sidecar = { name: 'sidecar', image: 'example.com/sidecar:1' };

/** Each with the words of the message that say the fix. */
const refused: Record<string, { object: KubeObject; says: RegExp }> = {
  'nothing to inject': {
    object: injectorNamed('bad', { template: {} }),
    says: /add .*(container|template)/i,
  },
  'two containers of one name': {
    object: injectorNamed('bad', { template: { containers: [sidecar, sidecar] } }),
    says: /duplicate|unique|twice|one name/i,
  },
  'the same name as container and init container': {
    object: injectorNamed('bad', { template: { containers: [sidecar], initContainers: [sidecar] } }),
    says: /name/i,
  },
  'a selector that selects everything': {
    object: injectorNamed('bad', { selection: { namespaceSelector: {} } }),
    says: /namespaceSelector/,
  },
  'no selector': {
    object: injectorNamed('bad', { selection: {} }),
    says: /namespaceSelector/,
  },
  'the signer kubernetes.io/legacy-unknown': {
    object: injectorNamed('bad', { certificate: { signerName: 'kubernetes.io/legacy-unknown' } }),
    says: /legacy-unknown.*(use|choose)/is,
  },
  'a name of 60 characters': {
    object: injectorNamed('a'.repeat(60), { template: { containers: [sidecar] } }),
    says: /40/,
  },
  'a field that does not exist': {
    object: injectorNamed('bad', { selection: { ...selection, namspaceSelector: {} } }),
    says: /namspaceSelector/,
  },
  'a position that needs an anchor': {
    object: injectorNamed('bad', { injection: { position: 'Before' } }),
    says: /anchor/,
  },
};

for (const [what, { object, says }] of Object.entries(refused)) {
  test(`refused at apply: ${what}`, async () => {
    await assert.rejects(applyAll(fixture.client, [object]), (error) => {
      assert.ok(error instanceof ApiError, String(error));
      assert.ok(error.code === 422 || error.code === 400 || error.code === 500, error.message);
      assert.match(error.message, says);
      return true;
    });
  });
}

test('a template that a pod would be refused with is not accepted; the last good one stays in force', async () => {
  const good = injectorNamed('keeps');
  const namespace = await applyReady(fixture.client, good);
  const { status } = await injectorStatus(fixture.client, 'keeps');
  const accepted = status?.template?.revision;
  assert.ok(accepted);

  const mounts = [{ name: 'nowhere', mountPath: '/data' }];
  const bad = injectorNamed('keeps', {
    template: { containers: [{ name: 'keeps-sidecar', image: 'example.com/sidecar:2', volumeMounts: mounts }] },
  });
  await applyAll(fixture.client, [bad]);
  const { message } = await condition(fixture.client, 'keeps', 'Accepted', 'False');
  assert.match(message, /volumeMounts\[0\]\.name: Not found: "nowhere"/);
  const after = await injectorStatus(fixture.client, 'keeps');
  assert.equal(after.status?.template?.revision, accepted);
  const pod = await createPod(fixture.client, namespace);
  assert.equal(pod.spec?.containers.find(({ name }) => name === 'keeps-sidecar')?.image, 'example.com/sidecar:1');

  await applyAll(fixture.client, [good]);
  await condition(fixture.client, 'keeps', 'Ready', 'True');
  await deleteInjector(fixture.client, 'keeps');
});

test('a first template that is refused injects nothing, and pods are created', async () => {
  const mounts = [{ name: 'nowhere', mountPath: '/data' }];
  const bad = injectorNamed('never', {
    template: { containers: [{ name: 'never-sidecar', image: 'example.com/sidecar:1', volumeMounts: mounts }] },
  });
  const namespace = { name: 'ns-never', labels: { inject: 'never' } };
  await applyAll(fixture.client, [{ apiVersion: 'v1', kind: 'Namespace', metadata: namespace }, bad]);
  await condition(fixture.client, 'never', 'Accepted', 'False');
  await condition(fixture.client, 'never', 'Ready', 'False');
  assert.deepEqual(containersOf(await createPod(fixture.client, 'ns-never')), ['app']);
  await deleteInjector(fixture.client, 'never');
});
