import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Pace } from './pace.ts';

test('a burst, and then one in each period', () => {
  const pace = new Pace({ burst: 2, everyMs: 100 });
  for (const wait of [0, 0, 100]) {
    assert.equal(pace.waitMs(5), wait);
    if (wait === 0) pace.take(5);
  }
  assert.equal(pace.waitMs(55), 50);
  assert.equal(pace.waitMs(105), 0);
  pace.take(105);
  assert.equal(pace.waitMs(105), 100);
});

test('whoever waits as told never takes more than the burst and one in each period', () => {
  const pauses = fc.array(fc.nat(300), { maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 100 }), pauses, (burst, everyMs, rests) => {
      const pace = new Pace({ burst, everyMs });
      const taken: number[] = [];
      let now = 0;
      for (const rest of rests) {
        now += rest;
        now += pace.waitMs(now);
        pace.take(now);
        taken.push(now);
      }
      for (const [index, start] of taken.entries()) {
        for (const [later, end] of taken.slice(index).entries()) {
          assert.ok(later + 1 <= burst + (end - start) / everyMs + 1e-6);
        }
      }
    }),
  );
});
