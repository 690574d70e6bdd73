import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Schema } from '../types.ts';
import { compile, type Variable } from './index.ts';

const self: Schema = {
  type: 'object',
  properties: {
    min: { type: 'integer' },
    ratio: { type: 'number' },
    when: { type: 'string', format: 'date-time' },
    namespace: { type: 'string' },
    absent: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    items: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    counts: { type: 'object', additionalProperties: { type: 'integer' } },
    port: { 'x-kubernetes-int-or-string': true },
    wait: { type: 'string', format: 'duration' },
  },
};
const value = {
  min: 2,
  ratio: 3,
  when: '2024-05-01T10:00:00Z',
  namespace: 'n',
  tags: ['a', 'b'],
  items: [{ name: 'x' }],
  counts: { 'a-b': 4 },
  port: '80%',
  wait: '90s',
};

function run(
  expression: string,
  variables: Record<string, Variable> = { self },
  values: Record<string, unknown> = { self: value },
): unknown {
  return compile(expression, variables).evaluate(values);
}

const truths = [
  'self.min + 1 == 3 && self.ratio / 2.0 == 1.5',
  'self.when < timestamp("2025-01-01T00:00:00Z")',
  'self.__namespace__ == "n"',
  'self.items.all(i, i.name == "x") && !has(self.absent)',
  'self.counts["a-b"] == 4 && self.counts.all(k, self.counts[k] > 3)',
  'self.port == "80%" && type(self.port) == string',
  'self.tags.isSorted() && [1, 2].sum() == 3 && [1, 3].max() == 3 && self.tags.indexOf("b") == 1',
  'quantity("1Gi").isGreaterThan(quantity("1000Mi")) && quantity("1500m").compareTo(quantity("1.5")) == 0',
  'isURL("https://h:8443/p") && url("https://h:8443/p").getPort() == "8443" && !isURL("h")',
  '"abc123".find("[0-9]+") == "123" && "a1b2".findAll("[0-9]") == ["1", "2"] && "Ab".matches("^[A-Z]")',
  'isIP("::1") && cidr("10.0.0.0/8").containsIP("10.1.2.3") && !isCIDR("10.0.0.0/40")',
  'self.wait > duration("1m") && self.wait < duration("2m")',
  'has(self.items[0].name) && !has(dyn(self.items)[0].none) && (has(self.counts) || true)',
  'self == self && self.items[0] == {"name": "x"} && self != null',
  'self.?absent.orValue("d") == "d"',
  '"%s has %d".format(["x", 2]) == "x has 2" && sets.contains([1, 2], [1])',
];
for (const expression of truths) {
  void test(expression, () => assert.equal(run(expression.replace('self.?absent', 'dyn(self).?absent')), true));
}

void test('mistakes are found without values', () => {
  assert.throws(
    () => compile('self.none > 1', { self }),
    /compilation failed: ERROR: <input>:1:\d+: undefined field 'none'/,
  );
  assert.throws(() => compile('self.items.all(i, i.nam == "x")', { self }), /undefined field 'nam'/);
  assert.throws(
    () => compile('self.min + "a" == "b"', { self }),
    /<input>:1:10: found no matching overload for '_\+_' applied to '\(int, string\)'/,
  );
  assert.throws(() => compile('has(self.nope)', { self }), /<input>:1:4: undefined field 'nope'/);
  assert.throws(() => compile('self.nothing(1) == 2', { self }), /<input>:1:13: undeclared reference to 'nothing'/);
  assert.throws(() => compile('duration("x") < duration("1h")', {}), /<input>:1:10: invalid duration argument/);
  assert.throws(() => compile('object.', { object: 'dyn' }), /compilation failed: ERROR: <input>:1:/);
  assert.throws(() => compile('other == 1', { self }), /undeclared reference to 'other'/);
});

void test('the type of the result is known', () => {
  assert.equal(compile('self.min > 1', { self }).type, 'bool');
  assert.equal(compile('"text"', {}).type, 'string');
});

void test('an optional variable may be absent', () => {
  const variables: Record<string, Variable> = { self: { type: 'integer' }, oldSelf: { optional: { type: 'integer' } } };
  const rule = '!oldSelf.hasValue() || oldSelf.value() <= self';
  assert.equal(run(rule, variables, { self: 1, oldSelf: undefined }), true);
  assert.equal(run(rule, variables, { self: 1, oldSelf: 2 }), false);
});

void test('a missing key is an error of the evaluation', () => {
  assert.throws(() => run('object.a.b == 1', { object: 'dyn' }, { object: { a: {} } }), /No such key|no such key/);
});
