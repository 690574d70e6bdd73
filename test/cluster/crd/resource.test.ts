import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldError, KubeObject, Schema, WriteContext } from '../types.ts';
import type { CustomResourceDefinition } from './definition.ts';
import { resourceOf } from './index.ts';

const context = {} as WriteContext;

function resource(spec: Schema, extra: Partial<CustomResourceDefinition['spec']['versions'][number]> = {}) {
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: { spec, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    },
    ...extra,
  };
  const names = { plural: 'widgets', kind: 'Widget' };
  const definition = {
    spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version] },
  } as unknown as CustomResourceDefinition;
  return resourceOf(definition, version);
}

function widget(spec: unknown): KubeObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a', namespace: 'n' }, spec };
}

/** Creates the object as the server does; returns it with what is wrong. */
function create(schema: Schema, spec: unknown): { object: KubeObject; unknown: string[]; errors: FieldError[] } {
  const made = resource(schema);
  const { strategy } = made;
  const decoded = made.decode?.(JSON.stringify(widget(spec)));
  const object = decoded?.object as unknown as KubeObject;
  strategy.defaults?.(object);
  return { object, unknown: decoded?.strictErrors ?? [], errors: strategy.validateCreate?.(object, context) ?? [] };
}

function update(schema: Schema, before: unknown, after: unknown): FieldError[] {
  const old = { ...widget(before), metadata: { name: 'a', namespace: 'n', resourceVersion: '1' } };
  return resource(schema).strategy.validateUpdate?.({ ...structuredClone(old), spec: after }, old, context) ?? [];
}

const texts = (errors: FieldError[]): string[] => errors.map(({ field, detail }) => `${field}: ${detail}`);

void test('unknown fields go and are named, preserved ones stay', () => {
  const schema: Schema = {
    type: 'object',
    properties: { free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  };
  const { object, unknown } = create(schema, { z: 1, a: 2, free: { any: { thing: true } } });
  assert.deepEqual(unknown, ['unknown field "spec.a"', 'unknown field "spec.z"']);
  assert.deepEqual(object['spec'], { free: { any: { thing: true } } });
});

void test('an embedded resource keeps its type and metadata', () => {
  const schema: Schema = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { spec: { type: 'object', properties: {} } },
  };
  const { object } = create(schema, {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'x' },
    spec: { gone: 1 },
    other: 1,
  });
  assert.deepEqual(object['spec'], { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' }, spec: {} });
});

void test('defaults fill what is missing, inside of present objects and elements, and replace forbidden nulls', () => {
  const element: Schema = { type: 'object', properties: { n: { type: 'integer', default: 1 } } };
  const schema: Schema = {
    type: 'object',
    properties: {
      mode: { type: 'string', default: 'on' },
      list: { type: 'array', items: element },
      opt: element,
      nil: { type: 'string', nullable: true },
    },
  };
  assert.deepEqual(create(schema, { mode: null, list: [{}, { n: 2 }], nil: null }).object['spec'], {
    mode: 'on',
    list: [{ n: 1 }, { n: 2 }],
    nil: null,
  });
});

void test('reads show defaults that came later, and leave the stored object alone', () => {
  const stored = widget({});
  const shown = resource({ type: 'object', properties: { color: { type: 'string', default: 'blue' } } }).read?.(stored);
  assert.deepEqual(shown?.['spec'], { color: 'blue' });
  assert.deepEqual(stored['spec'], {});
});

void test('reads hide what another version of the resource stored', () => {
  const shown = resource({ type: 'object', properties: { a: { type: 'string' } } }).read?.(
    widget({ a: 'x', other: 1 }),
  );
  assert.deepEqual(shown?.['spec'], { a: 'x' });
});

void test('what did not change is not judged again', () => {
  const schema: Schema = {
    type: 'object',
    properties: { a: { type: 'string', maxLength: 1 }, b: { type: 'integer' } },
  };
  assert.deepEqual(update(schema, { a: 'long', b: 1 }, { a: 'long', b: 2 }), []);
  assert.deepEqual(texts(update(schema, { a: 'long', b: 1 }, { a: 'longer', b: 1 })), [
    'spec.a: may not be more than 1 byte',
  ]);
});

const combined: Schema = {
  type: 'object',
  properties: {
    one: {
      type: 'object',
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
      properties: { a: { type: 'string' }, b: { type: 'string' } },
    },
    not: { type: 'string', not: { enum: ['no'] } },
  },
};
void test('combinations are checked', () => {
  assert.deepEqual(create(combined, { one: { a: '' }, not: 'yes' }).errors, []);
  assert.match(
    texts(create(combined, { one: { a: '', b: '' } }).errors)[0] ?? '',
    /one and only one schema \(oneOf\)\. Found 2 valid alternatives/,
  );
  assert.match(texts(create(combined, { not: 'no' }).errors)[0] ?? '', /must not validate the schema \(not\)/);
});

void test('elements of sets and list maps are unique', () => {
  const items: Schema = { type: 'object', properties: { k: { type: 'string' } } };
  const schema: Schema = {
    type: 'object',
    properties: {
      map: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items },
      set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    },
  };
  const { errors } = create(schema, { map: [{ k: 'a' }, { k: 'a' }, { k: 'a' }], set: ['x', 'y', 'x'] });
  assert.deepEqual(
    errors.map(({ type, field, value }) => [type, field, value]),
    [
      ['Duplicate', 'spec.map[1]', { k: 'a' }],
      ['Duplicate', 'spec.set[2]', 'x'],
    ],
  );
});

const keyed: Schema = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['k'],
  items: {
    type: 'object',
    properties: {
      k: { type: 'string' },
      v: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self >= oldSelf', message: 'only up' }] },
    },
  },
};
void test('transition rules follow elements of list maps, and wait for an old value', () => {
  const schema: Schema = { type: 'object', properties: { list: keyed } };
  assert.deepEqual(create(schema, { list: [{ k: 'a', v: 1 }] }).errors, []);
  const before = {
    list: [
      { k: 'a', v: 5 },
      { k: 'b', v: 1 },
    ],
  };
  assert.deepEqual(
    texts(
      update(schema, before, {
        list: [
          { k: 'b', v: 2 },
          { k: 'a', v: 4 },
          { k: 'c', v: 0 },
        ],
      }),
    ),
    ['spec.list[1].v: only up'],
  );
});

void test('optionalOldSelf is asked at creation too', () => {
  const rule = { rule: 'oldSelf.hasValue() || self == 1', optionalOldSelf: true };
  const schema: Schema = { type: 'object', properties: { n: { type: 'integer', 'x-kubernetes-validations': [rule] } } };
  assert.deepEqual(texts(create(schema, { n: 2 }).errors), [`spec.n: failed rule: ${rule.rule}`]);
  assert.deepEqual(update(schema, { n: 1 }, { n: 2 }), []);
});

void test('a rule that cannot be evaluated is an error with its reason', () => {
  const schema: Schema = {
    type: 'object',
    properties: { a: { type: 'string' } },
    'x-kubernetes-validations': [{ rule: 'self.a == "x"' }],
  };
  assert.deepEqual(texts(create(schema, {}).errors), ['spec: no such key: a evaluating rule: self.a == "x"']);
});

void test('columns read conditions, and are null where nothing is', () => {
  const jsonPath = '.status.conditions[?(@.type=="Ready")].status';
  const { columns } = resource(
    { type: 'object', properties: {} },
    { additionalPrinterColumns: [{ name: 'Ready', type: 'string', jsonPath }] },
  );
  const conditions = [
    { type: 'Other', status: 'False' },
    { type: 'Ready', status: 'True' },
  ];
  const cell = (object: KubeObject): unknown => columns[1]?.value(object, new Date());
  assert.equal(cell({ ...widget({}), status: { conditions } }), 'True');
  assert.equal(cell(widget({})), null);
});
