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

test('what the API server refuses throws, with the words that tell why', () => {
  for (const [operation, why] of [
    [add(''), /not a path into an object/],
    [add('a'), /not a path into an object: a$/],
    [add('a/new'), /not a path into an object: a\/new$/],
    [add('/a/~2'), /not a JSON pointer: ~2$/],
    [add('/a/~'), /not a JSON pointer: ~$/],
    [add('/missing/x'), /no member missing for \/missing\/x$/],
    [replace('/missing'), /no member missing for/],
    [add('/a/b/3'), /no item 3 for \/a\/b\/3$/],
    [replace('/a/b/2'), /no item 2 for/],
    [add('/a/b/2/x'), /no item 2 for/],
    [add('/a/b/01'), /01 is no index/],
    [add('/a/b/-1'), /-1 is no index/],
    [add('/a/b/x'), /x is no index/],
    [add('/a/b/1x'), /1x is no index/],
    [add('/a/b/-/x'), /- is no index/],
    [replace('/a/b/-'), /- is no index/],
    [add('/n/x'), /nothing to hold x of \/n\/x$/],
    [add('/a/b/0/x'), /nothing to hold x/],
  ] as const) {
    assert.throws(() => applyOperations(document, [operation]), { message: why }, operation.path);
  }
});

test('an index may have many digits', () => {
  const items = Array.from({ length: 120 }, (_, index) => index);
  const result = applyOperations({ items }, [replace('/items/107', 'x'), add('/items/10', 'y')]) as {
    items: unknown[];
  };
  assert.deepEqual(result.items, [...items.slice(0, 10), 'y', ...items.slice(10, 107), 'x', ...items.slice(108)]);
});

test('keys of Object.prototype are ordinary keys', () => {
  assert.throws(() => applyOperations({}, [add('/constructor/x')]));
  const result = applyOperations({}, [add('/__proto__', { polluted: true })]) as object;
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.ok(Object.hasOwn(result, '__proto__'));
});
