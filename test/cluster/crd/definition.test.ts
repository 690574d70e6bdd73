import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, Schema } from '../types.ts';
import { acceptNames } from './naming.ts';
import type { CustomResourceDefinition } from './definition.ts';
import { validateSchema } from './validate-schema.ts';

function errorsOf(spec: Schema): string[] {
  return validateSchema({ type: 'object', properties: { spec } }, 's', false).map(
    ({ type, field }) => `${type} ${field}`,
  );
}
const rule = (text: string, rest: JsonObject = {}): JsonObject[] => [{ rule: text, ...rest }];

const refused: [string, Schema, string][] = [
  ['a field without a type', {}, 'Required s.properties[spec].type'],
  ['an array without items', { type: 'array' }, 'Required s.properties[spec].items'],
  ['a type below oneOf', { type: 'string', oneOf: [{ type: 'string' }] }, 'Forbidden s.properties[spec].oneOf[0].type'],
  [
    'properties beside additionalProperties',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: { type: 'string' } },
    'Forbidden s.properties[spec].additionalProperties',
  ],
  [
    'a default with an unknown field',
    { type: 'object', default: { a: 1 }, properties: {} },
    'Invalid s.properties[spec].default',
  ],
  [
    'a rule of another type',
    { type: 'string', 'x-kubernetes-validations': rule('self') },
    'Invalid s.properties[spec].x-kubernetes-validations[0].rule',
  ],
  [
    'a rule with an unknown field',
    { type: 'object', properties: {}, 'x-kubernetes-validations': rule('self.a == 1') },
    'Invalid s.properties[spec].x-kubernetes-validations[0].rule',
  ],
  [
    'oldSelf in an atomic list',
    { type: 'array', items: { type: 'string', 'x-kubernetes-validations': rule('self == oldSelf') } },
    'Invalid s.properties[spec].items.x-kubernetes-validations[0].rule',
  ],
  [
    'a fieldPath that leads nowhere',
    { type: 'string', 'x-kubernetes-validations': rule('self == ""', { fieldPath: '.x' }) },
    'Invalid s.properties[spec].x-kubernetes-validations[0].fieldPath',
  ],
];
for (const [name, schema, expected] of refused) {
  void test(`refused: ${name}`, () => assert.deepEqual(errorsOf(schema), [expected]));
}

void test('int-or-string may have its anyOf', () => {
  assert.deepEqual(
    errorsOf({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] }),
    [],
  );
});

function definition(names: CustomResourceDefinition['spec']['names'], accepted = names): CustomResourceDefinition {
  return { spec: { group: 'example.com', names }, status: { acceptedNames: accepted } } as CustomResourceDefinition;
}

void test('a name that another definition of the group has is not accepted', () => {
  const first = definition({ plural: 'as', singular: 'a', kind: 'A', listKind: 'AList', shortNames: ['x'] });
  const second = definition(
    { plural: 'bs', singular: 'b', kind: 'B', listKind: 'BList', shortNames: ['x'] },
    { plural: '', kind: '' },
  );
  const { names, condition } = acceptNames(second, [first]);
  assert.deepEqual(
    [condition.status, condition.reason, condition.message],
    ['False', 'ShortNamesConflict', '"x" is already in use'],
  );
  assert.deepEqual([names.kind, names.shortNames], ['B', undefined]);
  assert.equal(acceptNames(second, []).condition.status, 'True');
});
