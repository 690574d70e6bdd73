import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Operation } from '../domain/patch.ts';
import { exactJson } from './exact-json.ts';
import { moved, patched, stepsOf } from './json-patch.ts';

const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value });

describe('patched', () => {
  it('keeps the digits of integers beyond 2^53, in the document and in what is added', () => {
    const document = { kept: 9007199254740993n, list: [1n] };
    const result = patched(document, [add('/list/-', 9223372036854775807n), add('/new', { deep: -9007199254740995n })]);
    assert.equal(
      exactJson(result, 0),
      '{"kept":9007199254740993,"list":[1,9223372036854775807],"new":{"deep":-9007199254740995}}\n',
    );
  });

  it('leaves the document and the operations as they were', () => {
    const document = { list: [{ a: 1 }] };
    const operations = [add('/map', {}), add('/map/x', 1)];
    assert.deepEqual(patched(document, operations), { list: [{ a: 1 }], map: { x: 1 } });
    assert.deepEqual(document, { list: [{ a: 1 }] });
    assert.deepEqual(operations[0], add('/map', {}));
  });

  it('refuses what does not apply, and what would reach a prototype', () => {
    for (const path of ['/nothing/x', '/list/9', '/__proto__/polluted', '/constructor/prototype/polluted']) {
      assert.throws(() => patched({ list: [] }, [add(path, 1)]), path);
    }
    assert.ok(!('polluted' in {}));
  });

  it('takes a key that is named like a prototype for a key', () => {
    const labels = (patched({ labels: {} }, [add('/labels/__proto__', 'x')]) as { labels: object }).labels;
    assert.deepEqual(Object.entries(labels), [['__proto__', 'x']]);
    assert.equal(Object.getPrototypeOf(labels), Object.prototype);
  });
});

describe('pointers', () => {
  it('are taken apart and moved', () => {
    assert.deepEqual(stepsOf('/a~1b/c~0d/0'), ['a/b', 'c~d', '0']);
    assert.deepEqual(moved([add('/x', 1)], ['items', 0, 'a/b']), [add('/items/0/a~1b/x', 1)]);
  });
});
