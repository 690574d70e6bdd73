import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinSchema } from '../schema/builtin.ts';
import { StatusError } from '../status.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { applyPatch, updateManagedFields } from './index.ts';

const now = new Date('2026-01-02T03:04:05.678Z');

function apply(
  live: KubeObject | undefined,
  manager: string,
  content: JsonObject,
  options: { force?: boolean; kind?: string; at?: Date } = {},
): KubeObject {
  const kind = options.kind ?? 'ConfigMap';
  const config = { apiVersion: 'v1', kind, metadata: { name: 'a' }, ...content };
  const schema = builtinSchema('', 'v1', kind);
  return applyPatch({
    live,
    config,
    schema,
    kind,
    apiVersion: 'v1',
    manager,
    force: options.force ?? false,
    now: options.at ?? now,
  });
}

function owned(object: KubeObject): Record<string, unknown> {
  return Object.fromEntries((object.metadata.managedFields ?? []).map((entry) => [entry.manager, entry.fieldsV1]));
}

function refusal(work: () => unknown): StatusError {
  try {
    work();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

void test('what a manager leaves out disappears, unless another owns it', () => {
  const first = apply(undefined, 'one', { data: { x: '1', y: '2' } });
  const second = apply(first, 'two', { data: { x: '1' } });
  const third = apply(second, 'one', { data: {} });
  assert.deepEqual(third['data'], { x: '1' });
  assert.deepEqual(owned(third), { one: { 'f:data': {} }, two: { 'f:data': { 'f:x': {} } } });
});

void test('a different value of an owned field is a conflict; force takes it over', () => {
  const live = apply(undefined, 'one', { data: { x: '1', y: '1' } });
  const refused = refusal(() => apply(live, 'two', { data: { x: '2', y: '2' } }));
  assert.equal(refused.message, 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.x\n- .data.y');
  assert.deepEqual(
    refused.status.details?.causes?.map(({ field }) => field),
    ['.data.x', '.data.y'],
  );
  const forced = apply(live, 'two', { data: { x: '2', y: '2' } }, { force: true });
  assert.deepEqual(owned(forced), { two: { 'f:data': { 'f:x': {}, 'f:y': {} } } });
});

void test('elements of a keyed list merge by all their keys, with defaults', () => {
  const one = apply(undefined, 'one', { spec: { ports: [{ port: 80, name: 'a' }] } }, { kind: 'Service' });
  const both = apply(one, 'two', { spec: { ports: [{ port: 80, protocol: 'UDP', name: 'b' }] } }, { kind: 'Service' });
  assert.deepEqual((both['spec'] as JsonObject)['ports'], [
    { port: 80, name: 'a' },
    { port: 80, protocol: 'UDP', name: 'b' },
  ]);
  const twice = refusal(() =>
    apply(undefined, 'one', { spec: { ports: [{ port: 80 }, { port: 80, protocol: 'TCP' }] } }, { kind: 'Service' }),
  );
  assert.match(twice.message, /\.spec\.ports: duplicate entries for key \[port=80,protocol="TCP"\]/);
});

void test('an undeclared field does not fit the type', () => {
  assert.match(refusal(() => apply(undefined, 'one', { extra: 1 })).message, /\.extra: field not declared in schema$/);
});

void test('an update takes over what it changes, with the containers that it creates', () => {
  const live = apply(undefined, 'one', { data: { x: '1', y: '1' } });
  live.metadata.uid = 'u';
  const object = { ...structuredClone(live), data: { x: '1', y: '7' }, binaryData: { b: 'Yg==' } } as KubeObject;
  updateManagedFields(live, object, {
    schema: builtinSchema('', 'v1', 'ConfigMap'),
    apiVersion: 'v1',
    manager: 'hand',
    now,
  });
  assert.deepEqual(owned(object), {
    one: { 'f:data': { 'f:x': {} } },
    hand: { 'f:binaryData': { '.': {}, 'f:b': {} }, 'f:data': { 'f:y': {} } },
  });
});

void test('an apply without effect keeps its time', () => {
  const live = apply(undefined, 'one', { data: { x: '1' } });
  const again = apply(live, 'one', { data: { x: '1' } }, { at: new Date(now.getTime() + 60_000) });
  assert.deepEqual(again, live);
});
