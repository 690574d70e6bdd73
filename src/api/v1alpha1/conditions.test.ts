import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clearCondition, findCondition, setCondition } from './conditions.ts';
import type { Condition } from './types.ts';

const ready = (status: Condition['status'], message = 'm') => ({ type: 'Ready', status, reason: 'R', message });
const [noon, later] = [new Date('2026-11-23T12:00:00.900Z'), new Date('2026-11-23T13:00:00Z')];

test('the time moves only when the status changes', () => {
  const first = setCondition([], ready('False'), 1, noon);
  assert.equal(first[0]?.lastTransitionTime, '2026-11-23T12:00:00Z');
  const second = setCondition(first, ready('False', 'other'), 2, later);
  assert.equal(second[0]?.lastTransitionTime, '2026-11-23T12:00:00Z');
  assert.equal(second[0]?.observedGeneration, 2);
  const third = setCondition(second, ready('True'), 2, later);
  assert.equal(third[0]?.lastTransitionTime, '2026-11-23T13:00:00Z');
});

test('the same condition gives back the same array, and others keep their place', () => {
  const both = setCondition(setCondition([], ready('True'), 1, noon), { ...ready('True'), type: 'Accepted' }, 1, noon);
  assert.equal(setCondition(both, ready('True'), 1, later), both);
  const changed = setCondition(both, ready('False'), 1, later);
  assert.deepEqual(
    changed.map(({ type }) => type),
    ['Ready', 'Accepted'],
  );
});

test('a condition that is only there while true is taken out', () => {
  const conditions = setCondition([], { ...ready('True'), type: 'Stalled' }, 1, noon);
  assert.deepEqual(clearCondition(conditions, 'Stalled'), []);
  assert.equal(clearCondition(conditions, 'Ready'), conditions);
  assert.equal(findCondition(conditions, 'Stalled')?.status, 'True');
});

test('a long message is cut', () => {
  assert.equal(setCondition([], ready('True', 'x'.repeat(5000)), 1, noon)[0]?.message.length, 1024);
});
