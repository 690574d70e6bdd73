import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at, canonicalJson, isObject, mapAt, member, objectsAt, sameJson, setMember } from './json.ts';

test('an object is neither null nor a list', () => {
  for (const value of [null, undefined, [], 'x', 1]) assert.ok(!isObject(value));
  assert.ok(isObject({}));
});

test('a path leads to what lies there, and nowhere but to undefined', () => {
  const root = { a: [{ b: null }, 'x'], 0: 'key' };
  for (const [path, value] of [
    [['a', 1], 'x'],
    [['a', 0, 'b'], null],
    [[0], 'key'],
    [['a', 2], undefined],
    [['a', 'length'], undefined],
    [['a', 1, 'length'], undefined],
    [['a', 0, 'b', 'c'], undefined],
    [['constructor'], undefined],
  ] as const) {
    assert.equal(at(root, path), value, path.join('/'));
  }
  assert.equal(member(null, 'a'), undefined);
});

test('lists and maps of other kinds count as empty, and so do items that are no objects', () => {
  const root = { list: [{ a: 1 }, { b: 2 }], mixed: [{ a: 1 }, null, 'x', []], map: { a: 1 }, none: [1] };
  assert.equal(objectsAt(root, ['list']), root.list, 'given as it is, not copied');
  assert.deepEqual(objectsAt(root, ['mixed']), [{ a: 1 }]);
  for (const key of ['none', 'map', 'nowhere']) assert.deepEqual(objectsAt(root, [key]), []);
  assert.deepEqual(mapAt(root, ['map']), { a: 1 });
  for (const key of ['list', 'nowhere']) assert.deepEqual(mapAt(root, [key]), {});
});

test('a member named __proto__ is one like any other: listed, changed and taken away', () => {
  for (const key of ['__proto__', 'constructor', 'a']) {
    const object: JsonObject = {};
    setMember(object, key, 1);
    assert.equal(JSON.stringify(object), `{"${key}":1}`);
    object[key] = 2;
    assert.equal(member(object, key), 2);
    delete object[key];
    assert.deepEqual(Object.keys(object), []);
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
  }
});

const DIFFERENT: [unknown, unknown][] = [
  [1, 2],
  [1, '1'],
  [null, {}],
  [{}, null],
  [{}, 1],
  [1, {}],
  [[], {}],
  [[], { length: 0 }],
  [[1], [1, 2]],
  [[1, 2], [1]],
  [
    [1, 2],
    [1, 3],
  ],
  [
    [1, { a: [1] }],
    [1, { a: [2] }],
  ],
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [
    { a: 1, b: 2 },
    { a: 1, c: 2 },
  ],
  [
    { a: 1, b: 2 },
    { a: 1, b: 3 },
  ],
];

test('the order of keys does not count, and all else does', () => {
  const one = { a: [1, { b: null, c: 'x' }], d: {} };
  const other = { d: {}, a: [1, { c: 'x', b: null }] };
  assert.ok(sameJson(one, other));
  assert.equal(canonicalJson(one), canonicalJson(other));
  assert.equal(canonicalJson(one), '{"a":[1,{"b":null,"c":"x"}],"d":{}}');
  for (const [left, right] of DIFFERENT) {
    assert.ok(!sameJson(left, right), `${JSON.stringify(left)} ${JSON.stringify(right)}`);
    assert.notEqual(canonicalJson(left), canonicalJson(right));
  }
});

test('canonical text leaves undefined out as JSON does', () => {
  const value = { a: undefined, b: [undefined, 1] };
  assert.equal(canonicalJson(value), JSON.stringify(value));
  assert.deepEqual(JSON.parse(canonicalJson(undefined)), null);
});
