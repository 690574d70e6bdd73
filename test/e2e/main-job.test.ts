import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { KubeObject, MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, list } from '../../src/kube/verbs.ts';
import { OPERATOR_NAMESPACE } from './support/installation.ts';
import { condition, containersOf, createPod, deleteInjector, injectorStatus, useOperator } from './support/fixture.ts';
import { loadManifests } from './support/manifests.ts';
import { applyAll, deleteAll } from './support/objects.ts';
import { until } from '../support/until.ts';

const fixture = useOperator();
const NAMESPACE = 'nginx-injection';
const ANNOTATION = 'sidecar-injector-webhook.nginx.sidecar/need_inject';
const OWNED = 'sidecar-injector-nginx';

/** Everything in the cluster that carries the operator's label. */
const owned = async (): Promise<KubeObject[]> => {
  const kinds = [
    RESOURCES.services,
    RESOURCES.secrets,
    RESOURCES.certificateSigningRequests,
    RESOURCES.mutatingWebhookConfigurations,
  ];
  const labelSelector = 'sidecarinjector.dev/injector=nginx';
  const lists = await Promise.all(kinds.map((resource) => list(fixture.client, resource, { labelSelector })));
  return lists.flatMap(({ items }) => items);
};

test('one apply makes the injector Ready', async (t) => {
  const started = performance.now();
  await applyAll(fixture.client, loadManifests('config/samples/nginx.yaml'));
  await condition(fixture.client, 'nginx', 'Ready', 'True');
  const took = performance.now() - started;
  t.diagnostic(`from apply to Ready: ${Math.round(took)} ms`);
  if (fixture.environment.inMemory) assert.ok(took < 2_000, `${took} ms`);
});

test('every condition is true, for the present generation, and says why', async () => {
  const { metadata, status } = await injectorStatus(fixture.client, 'nginx');
  const conditions = status?.conditions ?? [];
  const types = ['Accepted', 'CertificateReady', 'InjectionVerified', 'Ready', 'SelectorMatches', 'WebhookConfigured'];
  assert.deepEqual(conditions.map(({ type }) => type).toSorted(), types);
  for (const { status: holds, reason, message, observedGeneration } of conditions) {
    assert.equal(holds, 'True', message);
    assert.match(reason, /^[A-Z][A-Za-z]+$/);
    assert.notEqual(message, '');
    assert.equal(observedGeneration, metadata.generation);
  }
});

test('the published caBundle verifies the stored certificate, which names the Service', async () => {
  const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();
  const key = { name: `${OWNED}-tls`, namespace: OPERATOR_NAMESPACE };
  const secret = await get<Secret>(fixture.client, RESOURCES.secrets, key);
  assert.equal(secret?.type, 'kubernetes.io/tls');
  const leaf = new X509Certificate(decode(secret?.data?.['tls.crt']));
  assert.ok(leaf.checkHost(`${OWNED}.${OPERATOR_NAMESPACE}.svc`));
  const found = await get<MutatingWebhookConfiguration>(fixture.client, RESOURCES.mutatingWebhookConfigurations, {
    name: OWNED,
  });
  assert.ok((found?.webhooks ?? []).length >= 2, 'one webhook for pods, one for the probe');
  for (const { clientConfig } of found?.webhooks ?? []) {
    const authority = new X509Certificate(decode(clientConfig.caBundle));
    assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  }
});

test('a pod that asks for the sidecar has it, with its volume', async () => {
  const pod = await createPod(fixture.client, NAMESPACE, { annotations: { [ANNOTATION]: 'true' } });
  assert.deepEqual(containersOf(pod).length, 2);
  assert.equal(containersOf(pod)[0], 'app');
  assert.ok(pod.spec?.volumes?.some((volume) => Object.hasOwn(volume, 'configMap')));
});

test('a pod that declines, or says nothing under OptIn, is left as it is', async () => {
  for (const annotations of [{ [ANNOTATION]: 'false' }, {}]) {
    const pod = await createPod(fixture.client, NAMESPACE, { annotations });
    assert.deepEqual(containersOf(pod), ['app']);
  }
});

test('a pod of a namespace without the label is not touched', async () => {
  const pod = await createPod(fixture.client, 'default', { annotations: { [ANNOTATION]: 'true' } });
  assert.deepEqual(containersOf(pod), ['app']);
});

test('all that the operator made is labelled and owned by the injector', async () => {
  const { metadata } = await injectorStatus(fixture.client, 'nginx');
  const objects = await owned();
  assert.deepEqual(objects.map(({ kind }) => kind).toSorted(), ['MutatingWebhookConfiguration', 'Secret', 'Service']);
  for (const { metadata: made } of objects) {
    assert.equal(made.labels?.['app.kubernetes.io/managed-by'], 'sidecar-injector');
    assert.equal(made.ownerReferences?.find(({ controller }) => controller === true)?.uid, metadata.uid);
  }
});

test('deleting the injector deletes all of it, and pods are created as before', async () => {
  await deleteInjector(fixture.client, 'nginx');
  await until('nothing of it is left', async () => (await owned()).length === 0, { timeoutMs: 30_000 });
  const pod = await createPod(fixture.client, NAMESPACE, { annotations: { [ANNOTATION]: 'true' } });
  assert.deepEqual(containersOf(pod), ['app']);
  await deleteAll(fixture.client, loadManifests('config/samples/nginx.yaml'));
});
