import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goTypeOf, kubernetesDefinition, kubernetesSchema } from './kubernetes-types.ts';

void test('a container has its required fields, quantities, enumerations and keyed lists', () => {
  const container = kubernetesDefinition('io.k8s.api.core.v1.Container');
  assert.deepEqual(container?.required, ['name']);
  assert.equal(container?.properties?.['env']?.['x-kubernetes-patch-merge-key'], 'name');
  assert.deepEqual(container?.properties?.['ports']?.['x-kubernetes-list-map-keys'], ['containerPort', 'protocol']);
  assert.deepEqual(container?.properties?.['imagePullPolicy']?.enum, ['Always', 'IfNotPresent', 'Never']);
  const limits = container?.properties?.['resources']?.properties?.['limits']?.additionalProperties;
  assert.ok(
    typeof limits === 'object' &&
      limits['x-kubernetes-int-or-string'] === true &&
      typeof limits['pattern'] === 'string',
  );
});

void test('kinds of the same name in two groups are told apart', () => {
  assert.ok(kubernetesSchema('', 'v1', 'Event')?.properties?.['involvedObject']);
  assert.ok(kubernetesSchema('events.k8s.io', 'v1', 'Event')?.properties?.['regarding']);
});

void test('the schema that contains itself ends', () => {
  const crd = kubernetesSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');
  assert.match(JSON.stringify(crd), /"openAPIV3Schema":\{.*"x-kubernetes-preserve-unknown-fields":true/);
});

void test('descriptions are one sentence', () => {
  assert.equal(
    kubernetesSchema('', 'v1', 'Pod')?.properties?.['spec']?.description,
    'PodSpec is a description of a pod.',
  );
});

void test('a schema knows its Go type; unknown kinds have no schema', () => {
  assert.equal(goTypeOf(kubernetesSchema('apps', 'v1', 'Deployment')?.properties?.['spec'] ?? {}), 'v1.DeploymentSpec');
  assert.equal(kubernetesSchema('apps', 'v1', 'Widget'), undefined);
  assert.equal(kubernetesDefinition('nonsense'), undefined);
});
