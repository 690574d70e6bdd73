import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinSchema } from '../schema/builtin.ts';
import type { JsonObject } from '../types.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from './index.ts';

const schema = builtinSchema('', 'v1', 'Pod');
const pod = {
  metadata: { name: 'p', finalizers: ['a', 'b'] },
  spec: {
    containers: [
      { name: 'app', image: '1', command: ['x'] },
      { name: 'side', image: '1' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
};

function patched(patch: JsonObject): typeof pod {
  return strategicMergePatch(pod, patch, schema) as typeof pod;
}

void test('list elements merge by name, lists without a key are replaced', () => {
  const { containers } = patched({ spec: { containers: [{ name: 'app', command: ['y'] }] } }).spec;
  assert.deepEqual(containers, [
    { name: 'app', image: '1', command: ['y'] },
    { name: 'side', image: '1' },
  ]);
});

void test('a new element comes first', () => {
  const { containers } = patched({ spec: { containers: [{ name: 'new', image: '2' }] } }).spec;
  assert.deepEqual(
    containers.map(({ name }) => name),
    ['new', 'app', 'side'],
  );
});

void test('directives delete, order, retain and replace', () => {
  assert.deepEqual(patched({ spec: { containers: [{ name: 'side', $patch: 'delete' }] } }).spec.containers.length, 1);
  const ordered = patched({ spec: { '$setElementOrder/containers': [{ name: 'side' }, { name: 'app' }] } });
  assert.deepEqual(
    ordered.spec.containers.map(({ name }) => name),
    ['side', 'app'],
  );
  const retained = patched({
    spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] },
  });
  assert.deepEqual(retained.spec.volumes, [{ name: 'v', hostPath: { path: '/' } }]);
  assert.deepEqual(
    patched({
      '$deleteFromPrimitiveList/finalizers': ['a'],
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] },
    }).metadata.finalizers,
    ['b'],
  );
  assert.deepEqual(patched({ spec: { $patch: 'replace', nodeName: 'n' } }).spec, { nodeName: 'n' });
});

void test('an element without its key is refused', () => {
  assert.throws(() => patched({ spec: { containers: [{ image: 'x' }] } }), /does not contain declared merge key: name/);
});

void test('a patch that contradicts its own order, or its own list of keys, is refused', () => {
  const order = [{ name: 'side' }, { name: 'app' }];
  const elements = [
    { name: 'app', image: '2' },
    { name: 'side', image: '2' },
  ];
  assert.throws(() => patched({ spec: { '$setElementOrder/containers': order, containers: elements } }), { code: 500 });
  assert.throws(() => patched({ spec: { $retainKeys: ['volumes'], nodeName: 'n' } }), { code: 400 });
});

void test('patches leave the original alone', () => {
  const before = structuredClone(pod);
  patched({ spec: { containers: [{ name: 'app', image: '2' }] } });
  mergePatch(pod, { metadata: { name: null } });
  jsonPatch(pod, [{ op: 'replace', path: '/spec/containers/0/image', value: '2' }]);
  assert.deepEqual(pod, before);
});

void test('a JSON patch that does not fit is a 422 without details', () => {
  assert.throws(() => jsonPatch(pod, [{ op: 'remove', path: '/none' }]), { code: 422 });
  assert.throws(() => jsonPatch(pod, [{ op: 'frob', path: '/spec' }]), { code: 422 });
  assert.throws(() => jsonPatch(pod, {}), { code: 400 });
});
