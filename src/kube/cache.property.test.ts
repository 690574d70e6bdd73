import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { sameAs, versions, withCache } from '../../test/support/cache.ts';
import type { KubeObject } from './objects.ts';

describe('whatever happens', () => {
  it('the store comes to be what the server has', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const status = fc.constantFrom(401, 403, 404, 410, 429, 500, 503);
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), name }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
      fc.record({ do: fc.constant('end' as const), how: fc.constantFrom('close' as const, 'reset' as const) }),
      fc.record({ do: fc.constant('compact' as const) }),
      // What happens while nobody watches, and is forgotten before somebody does.
      fc.record({ do: fc.constant('miss' as const), name }),
      fc.record({ do: fc.constant('bookmark' as const) }),
      fc.record({ do: fc.constant('garbage' as const) }),
      fc.record({
        do: fc.constant('fault' as const),
        verb: fc.constantFrom('list' as const, 'watch' as const),
        status,
      }),
      { weight: 3, arbitrary: fc.record({ do: fc.constant('breathe' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await withCache(async ({ server, cache, changes }) => {
          for (const next of steps) {
            if (next.do === 'put') server.put(next.name);
            else if (next.do === 'remove') server.remove(next.name);
            else if (next.do === 'end') server.end(next.how);
            else if (next.do === 'compact') server.compact();
            else if (next.do === 'miss') {
              server.end('reset');
              server.remove(next.name);
              server.compact();
            } else if (next.do === 'bookmark') server.bookmark();
            else if (next.do === 'garbage') server.inject('{"type":\n');
            else if (next.do === 'fault') server.faults.push({ verb: next.verb, status: next.status });
            else await new Promise((resolve) => void setTimeout(resolve, 2));
          }
          server.faults.length = 0;
          await cache.whenSynced(AbortSignal.timeout(5000));
          await sameAs(server, cache);
          // Who only listens knows the same as who reads the store.
          const told = new Map<string, KubeObject>();
          for (const { type, key, object } of changes) {
            assert.equal(told.has(key), type !== 'added', `${type} ${key}`);
            if (type === 'deleted') told.delete(key);
            else told.set(key, object);
          }
          assert.deepEqual(versions(told.values()), versions(cache.list()));
        });
      }),
      { numRuns: 40 },
    );
  });
});
