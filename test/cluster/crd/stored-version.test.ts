import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, Schema } from '../types.ts';
import type { CustomResourceDefinition, Version } from './definition.ts';
import { resourceOf } from './resource.ts';
import { scaleErrors } from './scale.ts';

const version = (name: string, properties: Record<string, Schema>, storage: boolean): Version => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
});
const text: Schema = { type: 'string' };
const emb: Schema = {
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  'x-kubernetes-preserve-unknown-fields': true,
};
const v1 = version('v1', { a: { ...text, default: 'x' }, both: text, emb }, true);
const v2 = version('v2', { b: { ...text, default: 'y' }, both: text }, false);
const definition = {
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [v1, v2],
  },
} as unknown as CustomResourceDefinition;
const thing = (spec: object): KubeObject => ({
  apiVersion: 'example.com/v2',
  kind: 'Thing',
  metadata: { name: 't' },
  spec,
});

test('another version shows what is stored, with the defaults of the stored version, and nothing of its own', () => {
  const old = resourceOf(definition, v2);
  assert.deepEqual(old.read?.(thing({ both: '1', b: '2' }))['spec'], { both: '1' });
  assert.deepEqual(resourceOf(definition, v1).read?.(thing({ both: '1', b: '2' }))['spec'], { a: 'x', both: '1' });
});

test('metadata of embedded resources has no unknown fields', () => {
  const embedded = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', bogus: 1 }, free: { any: 1 } };
  const read = resourceOf(definition, v1).decode?.({ ...thing({ emb: embedded }) });
  assert.deepEqual(read?.strictErrors, ['unknown field "spec.emb.metadata.bogus"']);
  assert.deepEqual(read?.object['spec'], { emb: { ...embedded, metadata: { name: 'p' } } });
});

test('replicas of a scale are numbers that a Scale can hold', () => {
  const details = (replicas: unknown): unknown[] =>
    scaleErrors(thing({ replicas }), ['.spec.replicas', '.status.none']).map(({ field, detail }) => [field, detail]);
  assert.deepEqual(details(-1), [['.spec.replicas', 'should be a non-negative integer']]);
  assert.deepEqual(details(2 ** 31), [['.spec.replicas', 'should be less than or equal to 2147483647']]);
  assert.deepEqual(details(0), []);
});
