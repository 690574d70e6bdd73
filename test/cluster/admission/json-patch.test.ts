import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyJsonPatch } from './json-patch.ts';

const pod = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'x' }, { name: 'y' }] } };

test('operations change a copy', () => {
  const result = applyJsonPatch(pod, [
    { op: 'add', path: '/spec/containers/-', value: { name: 'z' } },
    { op: 'add', path: '/spec/containers/0', value: { name: 'w' } },
    { op: 'remove', path: '/spec/containers/1' },
    { op: 'replace', path: '/metadata/labels/new', value: 'set' },
    { op: 'copy', from: '/metadata/labels/a', path: '/metadata/labels/x~1y' },
    { op: 'move', from: '/metadata/labels/a', path: '/metadata/labels/moved' },
    { op: 'test', path: '/metadata/labels/moved', value: 'b' },
    { op: 'add', path: '/metadata/labels/__proto__', value: 'own' },
  ]);
  const labels = Object.fromEntries([
    ['new', 'set'],
    ['x/y', 'b'],
    ['moved', 'b'],
    ['__proto__', 'own'],
  ]);
  assert.deepEqual(Object.entries((result['metadata'] as { labels: object }).labels), Object.entries(labels));
  assert.deepEqual(result['spec'], { containers: [{ name: 'w' }, { name: 'y' }, { name: 'z' }] });
  assert.deepEqual(Object.keys(pod.metadata.labels), ['a']);
});

test('what does not apply is refused in the words of the library that Kubernetes uses', () => {
  const cases: [object, string][] = [
    [{ op: 'add', path: '/x/y', value: 1 }, 'add operation does not apply: doc is missing path: "/x/y": missing value'],
    [
      { op: 'replace', path: '/x/y', value: 1 },
      'replace operation does not apply: doc is missing path: /x/y: missing value',
    ],
    [
      { op: 'remove', path: '/metadata/z' },
      "error in remove for path: '/metadata/z': Unable to remove nonexistent key: z: missing value",
    ],
    [
      { op: 'add', path: '/spec/containers/9', value: 1 },
      "error in add for path: '/spec/containers/9': Unable to access invalid index: 9: invalid index referenced",
    ],
    [{ op: 'test', path: '/metadata/labels/a', value: 'c' }, 'testing value /metadata/labels/a failed: test failed'],
    [{ op: 'dance', path: '/metadata' }, 'Unexpected kind: dance'],
    [
      { op: 'copy', from: '/q/r', path: '/metadata/a' },
      'copy operation does not apply: doc is missing from path: /q/r: missing value',
    ],
  ];
  for (const [operation, message] of cases) assert.throws(() => applyJsonPatch(pod, [operation]), { message });
});
