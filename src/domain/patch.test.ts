import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { Draft, type Operation, pointer } from './patch.ts';

const applied = (document: object, operations: readonly Operation[]): unknown =>
  jsonPatch.applyPatch(document, structuredClone(operations) as jsonPatch.Operation[], true, false).newDocument;

test('paths are escaped', () => {
  assert.equal(pointer(['metadata', 'annotations', 'a.b/c~d', 0]), '/metadata/annotations/a.b~1c~0d/0');
  assert.equal(pointer(['~', '/']), '/~0/~1');
});

test('a draft and its operations give the same document, and the given one stays', () => {
  const document = { spec: { containers: [{ name: 'a' }, { name: 'b' }] } };
  const before = structuredClone(document);
  const draft = new Draft(document);
  draft.insert(['spec', 'containers'], [{ name: 'x' }, { name: 'y' }], 1);
  draft.insert(['spec', 'containers'], [{ name: 'z' }]);
  draft.insert(['spec', 'containers', 0, 'env'], [{ name: 'E' }]);
  draft.setInMap(['metadata', 'annotations'], 'a/b', '1');
  draft.setInMap(['metadata', 'annotations'], '__proto__', '2');
  draft.replace(['spec', 'containers', 3], { name: 'c' });
  assert.deepEqual(
    (draft.document as unknown as typeof document).spec.containers.map(({ name }) => name),
    ['a', 'x', 'y', 'c', 'z'],
  );
  assert.deepEqual(document, before);
  assert.equal(Object.getPrototypeOf(draft.document), Object.prototype);
  const harmless = draft.operations.filter(({ path }) => !path.includes('__proto__'));
  const expected = JSON.parse(
    JSON.stringify(draft.document, (key, value: unknown) => (key === '__proto__' ? undefined : value)),
  ) as object;
  assert.deepEqual(applied(document, harmless), expected);
});

test('parents are created once, and null counts as missing', () => {
  const draft = new Draft({ spec: { volumes: null } });
  draft.insert(['spec', 'volumes'], [{ name: 'a' }, { name: 'b' }]);
  draft.setInMap(['metadata', 'labels'], 'x', '1');
  draft.setInMap(['metadata', 'labels'], 'y', '2');
  const created = draft.operations.filter(({ path }) =>
    ['/spec/volumes', '/metadata', '/metadata/labels'].includes(path),
  );
  assert.equal(created.length, 3);
  assert.deepEqual(applied({ spec: { volumes: null } }, draft.operations), draft.document);
});

test('a map that is named as a member of every object is made as any other', () => {
  const draft = new Draft({});
  draft.setInMap(['constructor'], 'toString', '1');
  assert.deepEqual(draft.operations, [
    { op: 'add', path: '/constructor', value: {} },
    { op: 'add', path: '/constructor/toString', value: '1' },
  ]);
});

test('nothing to insert makes no parent', () => {
  const draft = new Draft({ spec: {} });
  draft.insert(['spec', 'volumes'], []);
  assert.deepEqual(draft.operations, []);
});

test('many places are written to, each more than once, and the document that was given stays as it is', () => {
  const document = { spec: { containers: Array.from({ length: 40 }, (_, index) => ({ name: `c${index}` })) } };
  const before = structuredClone(document);
  const draft = new Draft(document);
  for (let index = 0; index < 40; index += 1) {
    for (const name of ['a', 'b']) draft.insert(['spec', 'containers', index, 'env'], [{ name }]);
  }
  assert.deepEqual(document, before);
  assert.deepEqual(draft.document, applied(before, draft.operations));
  const { containers } = (draft.document as { spec: { containers: { env: unknown }[] } }).spec;
  for (const { env } of containers) assert.deepEqual(env, [{ name: 'a' }, { name: 'b' }]);
});
