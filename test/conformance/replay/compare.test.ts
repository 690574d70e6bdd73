import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { compareAnswer } from './compare.ts';
import { isObject, own } from './json.ts';
import { loadScenarios, type Answer, type Step } from './scenario.ts';

const scenarios = loadScenarios(path.join(import.meta.dirname, '../transcripts'));

/** An answer that was recorded in a shorter form, as a server might have sent it. */
const asReceived = ({ compare, expect = {} }: Step): Answer => {
  if (expect.body === undefined) return expect;
  if (compare === 'status') return { ...expect, body: { ...expect.body, kind: 'Status' } };
  if (compare !== 'causes') return expect;
  return { ...expect, body: { reason: own(expect.body, 'reason'), details: expect.body } };
};

const recorded = scenarios.flatMap(({ name, steps }) =>
  steps
    .filter(({ expect }) => expect !== undefined)
    // What was recorded has been cut already, and the filters of `keep` may look at what they then leave out.
    .map((step) => ({ name: `${name}: ${step.name}`, step: { ...step, keep: [''] }, answer: asReceived(step) })),
);

/** Every value that differs from the given one in a single leaf. */
function* changedOnce(value: unknown): Generator {
  if (Array.isArray(value) && value.length > 0) {
    for (const [index, element] of value.entries()) {
      for (const changed of changedOnce(element)) yield value.with(index, changed);
    }
  } else if (isObject(value) && Object.keys(value).length > 0) {
    for (const [key, element] of Object.entries(value)) {
      for (const changed of changedOnce(element)) yield { ...value, [key]: changed };
    }
  } else {
    yield value === 'another' ? 'value' : 'another';
  }
}

test('an answer as it was recorded passes', () => {
  assert.ok(recorded.length > 900);
  for (const { name, step, answer } of recorded) assert.deepEqual(compareAnswer(step, answer), [], name);
});

test('a change of any one value in any recorded answer is seen', () => {
  for (const { name, step, answer } of recorded) {
    for (const expect of changedOnce(step.expect)) {
      assert.notDeepEqual(compareAnswer({ ...step, expect: expect as Answer }, answer), [], name);
    }
  }
});
