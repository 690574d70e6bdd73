import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { applyOperations } from './apply.ts';
import type { Operation } from './patch.ts';

const document = { a: { b: [1, 2], 'c/d~e': 'x' }, n: null };
const add = (path: string, value: unknown = 9): Operation => ({ op: 'add', path, value });
const replace = (path: string, value: unknown = 9): Operation => ({ op: 'replace', path, value });

test('it does what a library does, and leaves the document as it was', () => {
  const before = structuredClone(document);
  for (const operations of [
    [add('/a/b/-')],
    [add('/a/b/0')],
    [add('/a/b/2')],
    [replace('/a/b/1')],
    [add('/a/c~1d~0e')],
    [add('/n', {}), add('/n/x'), add('/n/x', 2)],
    [add('/a/new', []), add('/a/new/-'), add('/a/new/0', 1)],
    [replace('/a', 1)],
  ]) {
    const { newDocument } = jsonPatch.applyPatch(structuredClone(document), structuredClone(operations), true);
    assert.deepEqual(applyOperations(document, operations), newDocument);
    assert.deepEqual(document, before);
  }
});

test('what is not touched is shared', () => {
  const result = applyOperations(document, [add('/x')]) as typeof document;
  assert.equal(result.a, document.a);
});

test('what the API server refuses throws', () => {
  for (const operation of [
    add('/missing/x'),
    add('/a/b/3'),
    add('/a/b/01'),
    add('/a/b/-1'),
    add('/a/b/x'),
    add('/a/b/-/x'),
    add('/n/x'),
    add('/a/b/0/x'),
    add(''),
    add('a'),
    add('/a/~2'),
    replace('/a/b/2'),
    replace('/a/b/-'),
    replace('/missing'),
  ]) {
    assert.throws(() => applyOperations(document, [operation]), Error, operation.path);
  }
});

test('keys of Object.prototype are ordinary keys', () => {
  assert.throws(() => applyOperations({}, [add('/constructor/x')]));
  const result = applyOperations({}, [add('/__proto__', { polluted: true })]) as object;
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.ok(Object.hasOwn(result, '__proto__'));
});
