import assert from 'node:assert/strict';
import { test } from 'node:test';
import { done, later, now } from '../../../test/support/injector-facts.ts';
import { untilNext } from './controller.ts';

test('what comes due while the status is written is done next, and what was due before is not asked for again', () => {
  const probedAgain = (seconds: number): number => {
    assert.ok(done.probe);
    return untilNext({ ...done, probe: { ...done.probe, again: later(seconds) } }, later(3));
  };
  assert.equal(probedAgain(5), 2000);
  assert.ok(probedAgain(1) < 100, 'it came due a moment ago');
  assert.ok(probedAgain(-1) > 10_000, `the plan of ${now.toISOString()} has seen to it`);
});
