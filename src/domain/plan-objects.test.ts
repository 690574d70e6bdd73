import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle, injector, operator } from '../../test/support/injector-facts.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { at } from './json.ts';
import {
  desiredService,
  desiredWebhookConfiguration,
  ownerReference,
  touched,
  touchOf,
  webhookUrl,
  type DesiredObject,
} from './plan-objects.ts';

const owner = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  name: 'nginx',
  uid: 'uid-1',
  controller: true,
};
const labels = { 'app.kubernetes.io/managed-by': 'sidecar-injector', 'sidecarinjector.dev/injector': 'nginx' };
const service = desiredService(injector, operator, undefined);
const configuration = desiredWebhookConfiguration(injector, operator, bundle);

const digest = ({ metadata }: DesiredObject): unknown => metadata.annotations['sidecarinjector.dev/applied'];
/** Without the digest, which is not for people. */
function unsealed(object: DesiredObject): JsonObject {
  const { annotations, ...metadata } = object.metadata;
  assert.deepEqual(Object.keys(annotations), ['sidecarinjector.dev/applied']);
  return { ...object, metadata };
}

test('the Service leads to the webhook port of the operator and belongs to the injector', () => {
  assert.deepEqual(unsealed(service), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'sidecar-injector-nginx', namespace: 'operators', labels, ownerReferences: [owner] },
    spec: {
      type: 'ClusterIP',
      selector: { 'app.kubernetes.io/name': 'sidecar-injector', 'app.kubernetes.io/component': 'operator' },
      ports: [{ name: 'webhook', port: 443, protocol: 'TCP', targetPort: 10250 }],
    },
  });
});

test('the Service belongs to the webhook configuration, too, which does not control it', () => {
  const { metadata } = desiredService(injector, operator, 'uid-2');
  const second = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    name: 'sidecar-injector-nginx',
    uid: 'uid-2',
  };
  assert.deepEqual(metadata.ownerReferences, [owner, second]);
});

test('the webhook configuration sends pods that are created, but for those of operators, and probe pods', () => {
  const common = {
    clientConfig: {
      service: { namespace: 'operators', name: 'sidecar-injector-nginx', path: '/mutate/nginx', port: 443 },
      caBundle: Buffer.from(bundle).toString('base64'),
    },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
    reinvocationPolicy: 'IfNeeded',
  };
  assert.deepEqual(unsealed(configuration), {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'sidecar-injector-nginx', labels, ownerReferences: [owner] },
    webhooks: [
      {
        name: 'inject.nginx.sidecarinjector.dev',
        ...common,
        failurePolicy: 'Ignore',
        namespaceSelector: {
          matchLabels: { inject: 'yes' },
          matchExpressions: [
            {
              key: 'kubernetes.io/metadata.name',
              operator: 'NotIn',
              values: ['operators', 'kube-system', 'kube-node-lease', 'sidecar-injector-probe'],
            },
          ],
        },
        objectSelector: {
          matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'NotIn', values: ['sidecar-injector'] }],
        },
        matchConditions: [{ name: 'c', expression: 'true' }],
      },
      {
        name: 'probe.nginx.sidecarinjector.dev',
        ...common,
        failurePolicy: 'Fail',
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'sidecar-injector-probe' } },
        objectSelector: { matchLabels: { 'sidecarinjector.dev/probe': 'nginx' } },
      },
    ],
  });
});

test('the expressions of a selector stay beside those of the operator', () => {
  const apps = { key: 'app', operator: 'Exists' } as const;
  const selection = { namespaceSelector: {}, objectSelector: { matchExpressions: [apps] } };
  const { webhooks } = desiredWebhookConfiguration(
    { ...injector, spec: { ...injector.spec, selection } },
    operator,
    bundle,
  );
  assert.deepEqual(at(webhooks, [0, 'objectSelector', 'matchExpressions', 0]), apps);
  assert.equal(at(webhooks, [0, 'objectSelector', 'matchExpressions', 1, 'key']), 'app.kubernetes.io/name');
});

test('without conditions of the user no field of that name is written', () => {
  const selection = { namespaceSelector: {} };
  const { webhooks } = desiredWebhookConfiguration(
    { ...injector, spec: { ...injector.spec, selection } },
    operator,
    bundle,
  );
  assert.ok(!Object.hasOwn(at(webhooks, [0]) as JsonObject, 'matchConditions'));
});

test('the digest is short, the same for the same wish, and another for another wish', () => {
  assert.match(String(digest(service)), /^[0-9a-f]{16}$/);
  assert.equal(digest(desiredService(structuredClone(injector), operator, undefined)), digest(service));
  assert.notEqual(digest(desiredService(injector, operator, 'uid-2')), digest(service));
  assert.notEqual(digest(desiredWebhookConfiguration(injector, operator, '')), digest(configuration));
});

test('a touch is read back from what is stored, and is no change of what is wanted', () => {
  const marked = touched(configuration, '7');
  assert.deepEqual(marked.metadata.annotations, {
    ...configuration.metadata.annotations,
    'sidecarinjector.dev/touched': '7',
  });
  assert.equal(touchOf(marked), '7');
  assert.deepEqual(touched(configuration, undefined), configuration);
});

test('what is no mark of ours is no touch', () => {
  assert.equal(touchOf(undefined), undefined);
  assert.equal(touchOf(configuration), undefined);
  assert.equal(touchOf({ metadata: { annotations: { 'sidecarinjector.dev/touched': 7 } } }), undefined);
});

const urls: [base: string | undefined, url: string | undefined][] = [
  [undefined, undefined],
  ['https://host:1', 'https://host:1/mutate/nginx'],
  ['https://host:1//', 'https://host:1/mutate/nginx'],
  ['https://{name}.{name}.localhost:1/', 'https://nginx.nginx.localhost:1/mutate/nginx'],
];
for (const [base, url] of urls) {
  test(`out of cluster the webhook is at ${url} when told ${base}`, () => {
    assert.equal(webhookUrl('nginx', { ...operator, webhookUrl: base }), url);
  });
}

test('an injector that no API server has stored yet owns with an empty uid', () => {
  const unstored: SidecarInjector = { ...injector, metadata: { name: 'nginx' } };
  assert.deepEqual(ownerReference(unstored), { ...owner, uid: '' });
});
