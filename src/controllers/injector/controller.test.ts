import assert from 'node:assert/strict';
import { test } from 'node:test';
import { done, later, now } from '../../../test/support/injector-facts.ts';
import type { Memory } from './context.ts';
import { forgetLaterInstants, untilNext } from './controller.ts';
import { RolloverMemory } from './rollover.ts';

test('what comes due while the status is written is done next, and what was due before is not asked for again', () => {
  const probedAgain = (seconds: number): number => {
    assert.ok(done.probe);
    return untilNext({ ...done, probe: { ...done.probe, again: later(seconds) } }, later(3));
  };
  assert.equal(probedAgain(5), 2000);
  assert.ok(probedAgain(1) < 100, 'it came due a moment ago');
  assert.ok(probedAgain(-1) > 10_000, `the plan of ${now.toISOString()} has seen to it`);
});

test('a wall clock that is set back while an injector is looked at does not put the next look off', () => {
  assert.ok(untilNext(done, later(-1200)) < 100, 'what is due was reckoned by a time that is no more');
  assert.ok(untilNext(done, later(1)) > 10_000);
});

test('a wall clock that is set back puts nothing off: what waits for later instants is tried again', () => {
  const memory = (): Memory => ({
    approvalRefused: { message: 'no', until: later(60) },
    probeFailures: 0,
    repairs: [now],
    seen: { service: true, webhookConfiguration: true },
    rollover: new RolloverMemory(),
    wallAhead: 1_000_000,
  });
  const [same, back] = [memory(), memory()];
  forgetLaterInstants(same, 999_000);
  assert.ok(same.approvalRefused !== undefined && same.repairs.length === 1);
  forgetLaterInstants(back, 900_000);
  assert.deepEqual([back.approvalRefused, back.repairs], [undefined, []]);
  assert.ok(back.seen.service, 'what is known stays');
});
