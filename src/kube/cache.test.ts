import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Backoff } from './backoff.ts';
import { CACHE_TIMING } from './cache.ts';

it('a cache that failed ever so often tries again so soon that ten seconds later it can know everything', () => {
  const longest = new Backoff(CACHE_TIMING.backoff, () => 1);
  for (let failure = 0; failure < 100; failure += 1) assert.ok(longest.next() <= 8000);
});
