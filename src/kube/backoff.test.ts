import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import { Backoff } from './backoff.ts';

it('the wait doubles up to its bound, is spread over all of it, and starts anew', () => {
  const limits = { baseMs: 800, maxMs: 30_000 };
  const longest = new Backoff(limits, () => 1);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map(() => longest.next()),
    [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000],
  );
  longest.reset();
  assert.equal(longest.next(), 800);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(100), (random, failures) => {
      const backoff = new Backoff(limits, () => random);
      for (let failure = 0; failure < failures; failure++) backoff.next();
      const wait = backoff.next();
      assert.ok(wait >= 0 && wait <= limits.maxMs && Number.isFinite(wait));
    }),
  );
});
