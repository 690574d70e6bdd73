import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, operator, stored } from '../../test/support/injector-facts.ts';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { driftOf, firstDifference } from './plan-drift.ts';
import { APPLIED_ANNOTATION, desiredService } from './plan-objects.ts';

const webhook = { name: 'w', matchConditions: [{ name: 'c', expression: 'x' }] };
const foreign = { name: 'foreign', expression: 'y' };

const ROWS: [what: string, wanted: unknown, stored: unknown, path: string | undefined][] = [
  ['what is not wanted is not compared', { a: 1 }, { a: 1, b: 2 }, undefined],
  ['a field is missing', { a: { b: 1 } }, { a: {} }, 'a.b'],
  ['an object is missing, though nothing is wanted in it', { a: {} }, {}, 'a'],
  ['an object is something else', { a: { b: 1 } }, { a: 'x' }, 'a'],
  ['a list is missing', { a: [1] }, {}, 'a'],
  ['a list has more', { a: [1] }, { a: [1, 2] }, 'a'],
  ['an item is another', { a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, 'a[1].b'],
  ['a map list is found by its key', { webhooks: [webhook] }, { webhooks: [{ name: 'v' }, webhook] }, undefined],
  [
    'a foreign condition stands before ours',
    { webhooks: [webhook] },
    { webhooks: [{ ...webhook, matchConditions: [foreign, ...webhook.matchConditions] }] },
    undefined,
  ],
  [
    'only a foreign condition is there',
    { webhooks: [webhook] },
    { webhooks: [{ ...webhook, matchConditions: [foreign] }] },
    'webhooks[w].matchConditions[c]',
  ],
  [
    'a foreign owner stands before ours',
    { metadata: { ownerReferences: [{ uid: '1', name: 'a' }] } },
    {
      metadata: {
        ownerReferences: [
          { uid: '2', name: 'b' },
          { uid: '1', name: 'a' },
        ],
      },
    },
    undefined,
  ],
];
for (const [what, wanted, present, path] of ROWS) {
  test(`the first difference: ${what}`, () => assert.equal(firstDifference(wanted, present), path));
}

const wanted = desiredService(injector, operator, undefined);
const older = desiredService(injector, { ...operator, webhookPort: 1 }, undefined);
const unmarked = (object: JsonObject): JsonObject => ({ ...object, metadata: { ...wanted.metadata, annotations: {} } });
const relabelled = { ...wanted, metadata: { ...wanted.metadata, labels: {} } };
const annotated = {
  ...wanted,
  metadata: { ...wanted.metadata, annotations: { ...wanted.metadata.annotations, more: 'x' } },
};

test('a stored object is missing, of an older wish of ours, or changed by somebody else', () => {
  assert.equal(typeof wanted.metadata.annotations[APPLIED_ANNOTATION], 'string');
  assert.equal(driftOf(wanted, stored(wanted)), undefined);
  assert.equal(driftOf(wanted, annotated), undefined, 'annotations may be added');
  assert.deepEqual(driftOf(wanted, undefined), { kind: 'Missing' });
  assert.deepEqual(driftOf(wanted, stored(older)), { kind: 'Outdated' });
  assert.deepEqual(driftOf(wanted, { ...stored(wanted), spec: {} }), { kind: 'Altered', path: 'spec.type' });
  const { kind, path } = driftOf(wanted, relabelled) as { kind: string; path: string };
  assert.deepEqual([kind, path.startsWith('metadata.labels.')], ['Altered', true]);
});

test('without the mark of what was applied: replaced by hand where it differs, and only to be marked where it does not', () => {
  assert.deepEqual(driftOf(wanted, unmarked(stored(wanted))), { kind: 'Outdated' });
  assert.deepEqual(driftOf(wanted, unmarked(stored(older))), { kind: 'Altered', path: 'spec.ports[0].targetPort' });
});
