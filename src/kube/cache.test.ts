import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { sameAs, withCache } from '../../test/support/cache.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { Fault, WatchServer } from '../../test/support/watch-server.ts';
import { Backoff } from './backoff.ts';
import { CACHE_TIMING } from './cache.ts';

const three = (server: WatchServer): void => {
  for (const name of ['a', 'b', 'c']) server.put(name);
};

describe('the cache', () => {
  it('lists all pages, then follows, and tells what changed', async () => {
    await withCache(
      async ({ server, cache, changes }) => {
        assert.equal(cache.hasSynced, false);
        await cache.whenSynced(AbortSignal.timeout(5000));
        assert.equal(server.lists, 2);
        assert.equal(cache.get('a', 'ns')?.kind, 'Pod', 'list items get their kind');
        server.put('d');
        server.put('a', 'new');
        server.remove('b');
        await sameAs(server, cache);
        assert.deepEqual(
          changes.map(({ type, key }) => `${type} ${key}`),
          ['added ns/a', 'added ns/b', 'added ns/c', 'added ns/d', 'modified ns/a', 'deleted ns/b'],
        );
        assert.equal(changes[4]?.previous?.metadata.labels?.['label'], '');
      },
      {},
      three,
    );
  });

  it('hands out frozen objects without managedFields and last-applied-configuration', async () => {
    await withCache(
      async ({ server, cache }) => {
        await cache.whenSynced();
        server.put('d');
        await sameAs(server, cache);
        for (const { metadata } of cache.list()) {
          assert.equal(metadata.managedFields, undefined);
          assert.deepEqual(metadata.annotations, { kept: 'yes' });
          assert.throws(() => Object.assign(metadata.labels ?? {}, { label: 'x' }), TypeError);
        }
      },
      {},
      three,
    );
  });

  it('tells a listener that comes late what is there, and none that has left', async () => {
    await withCache(
      async ({ server, cache }) => {
        await cache.whenSynced();
        const seen: string[] = [];
        const leave = cache.onChange(({ type, key }) => seen.push(`${type} ${key}`));
        assert.deepEqual(seen, ['added ns/a', 'added ns/b', 'added ns/c']);
        leave();
        server.put('d');
        await sameAs(server, cache);
        assert.equal(seen.length, 3);
      },
      {},
      three,
    );
  });

  it('survives a listener that throws', async () => {
    await withCache(async ({ server, cache, changes, restarts }) => {
      cache.onChange(() => {
        throw new Error('a defect');
      });
      await cache.whenSynced();
      server.put('a');
      await sameAs(server, cache);
      assert.equal(changes.length, 1);
      assert.deepEqual(restarts, ['listener-error']);
    });
  });

  it('reports objects that went away unseen, with the last state that was known', async () => {
    await withCache(
      async ({ server, cache, changes }) => {
        await cache.whenSynced();
        await eventually(() => server.openWatches === 1);
        // The watch hears nothing of the delete, and when it comes back the history has gone.
        server.end('silence');
        server.remove('b');
        server.compact();
        await sameAs(server, cache);
        assert.deepEqual(
          changes.filter(({ type }) => type === 'deleted').map(({ key, object }) => [key, object.metadata.name]),
          [['ns/b', 'b']],
        );
      },
      { timing: { watchSeconds: [0, 0], idleMarginMs: 50, backoff: { baseMs: 2, maxMs: 10 } } },
      three,
    );
  });

  const faults: [name: string, fault: Fault, reason: string, relists: boolean][] = [
    ['401', { verb: 'watch', status: 401 }, 'refused', false],
    ['403', { verb: 'watch', status: 403 }, 'refused', false],
    ['500', { verb: 'watch', status: 500 }, 'refused', false],
    ['429 with Retry-After', { verb: 'watch', status: 429, retryAfter: '0.1' }, 'refused', false],
    ['410 as an answer', { verb: 'watch', status: 410, reason: 'Expired' }, 'gone', true],
    ['410 as an event', { verb: 'watch', errorEvent: 410 }, 'gone', true],
    ['500 as an event', { verb: 'watch', errorEvent: 500 }, 'refused', false],
    [
      '504 of a server that is behind',
      { verb: 'watch', status: 504, causes: [{ reason: 'ResourceVersionTooLarge' }] },
      'gone',
      true,
    ],
    ['bad JSON', { verb: 'watch', garbage: '{"type":"ADDED","obj\n' }, 'bad-data', false],
  ];
  for (const [name, fault, reason, relists] of faults) {
    it(`goes on after a watch that is answered with ${name}`, async () => {
      await withCache(
        async ({ server, cache, restarts }) => {
          await cache.whenSynced();
          await eventually(() => server.openWatches === 1);
          const lists = server.lists;
          // A 401 is asked once more by the client itself.
          server.faults.push(fault, ...(name === '401' ? [fault] : []));
          server.end('close');
          server.put('d');
          server.remove('a');
          await sameAs(server, cache);
          assert.deepEqual(restarts, ['closed', reason]);
          assert.equal(server.lists > lists, relists);
        },
        {},
        three,
      );
    });
  }

  it('goes on after a reset, and after a watch that fell silent', async () => {
    for (const how of ['reset', 'silence'] as const) {
      await withCache(
        async ({ server, cache, restarts }) => {
          await cache.whenSynced();
          await eventually(() => server.openWatches === 1);
          server.end(how);
          server.put('d');
          await sameAs(server, cache);
          assert.ok(restarts.includes('network'));
          assert.equal(server.lists, 2, 'nothing needs to be listed again');
        },
        { timing: { watchSeconds: [0, 0], idleMarginMs: 60, backoff: { baseMs: 2, maxMs: 10 } } },
        three,
      );
    }
  });

  it('begins the list again when its token has expired, and when pages are refused', async () => {
    await withCache(
      async ({ server, cache }) => {
        await cache.whenSynced(AbortSignal.timeout(5000));
        await sameAs(server, cache);
        assert.ok(server.lists >= 4);
      },
      {},
      (server) => {
        three(server);
        server.faults.push(
          { verb: 'list', status: 500 },
          { verb: 'list', status: 403 },
          { verb: 'list', status: 429, retryAfter: '0' },
        );
      },
    );
    await withCache(
      async ({ server, cache }) => {
        // The first page has been read when the history goes.
        await eventually(() => server.lists >= 1);
        await cache.whenSynced(AbortSignal.timeout(5000));
        await sameAs(server, cache);
      },
      { pageSize: 1 },
      (server) => {
        three(server);
        const handler = server.http.handler;
        server.http.handler = (request, response) => {
          const token = request.url.searchParams.get('continue');
          if (token !== null && server.lists === 1) {
            server.put('z');
            server.compact();
          }
          return handler(request, response);
        };
      },
    );
  });

  it('reads a character that the network cuts in two', async () => {
    await withCache(async ({ server, cache }) => {
      await cache.whenSynced();
      await eventually(() => server.openWatches === 1);
      const object = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'u', namespace: 'ns', uid: 'u', resourceVersion: '9', labels: { l: 'größe-😀' } },
      };
      const bytes = new TextEncoder().encode(`${JSON.stringify({ type: 'ADDED', object })}\n`);
      for (const byte of bytes) {
        server.inject(Uint8Array.of(byte));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      const read = await eventually(() => cache.get('u', 'ns'));
      assert.equal(read.metadata.labels?.['l'], 'größe-😀');
    });
  });

  it('does not mistake a bookmark for an object, and resumes from it', async () => {
    await withCache(
      async ({ server, cache, restarts }) => {
        await cache.whenSynced();
        await eventually(() => server.openWatches === 1);
        server.bookmark();
        server.end('close');
        await eventually(() => server.watches === 2 && server.openWatches === 1);
        assert.equal(server.http.requests.at(-1)?.url.searchParams.get('resourceVersion'), '1003');
        assert.deepEqual(restarts, ['closed']);
        assert.equal(cache.list().length, 3);
      },
      {},
      three,
    );
  });

  it('asks for bookmarks, an end, and what it was made for', async () => {
    await withCache(
      async ({ server, cache }) => {
        await cache.whenSynced();
        await eventually(() => server.watches === 1);
        const [list, watch] = server.http.requests;
        assert.equal(list?.url.pathname, '/api/v1/namespaces/ns/pods');
        assert.match(list?.headers.accept ?? '', /as=PartialObjectMetadataList/);
        assert.match(watch?.headers.accept ?? '', /as=PartialObjectMetadata;/);
        assert.equal(watch?.url.searchParams.get('allowWatchBookmarks'), 'true');
        assert.equal(watch?.url.searchParams.get('labelSelector'), 'a=b');
        const seconds = Number(watch?.url.searchParams.get('timeoutSeconds'));
        assert.ok(seconds >= 240 && seconds <= 300);
      },
      { namespace: 'ns', labelSelector: 'a=b', metadataOnly: true, timing: {} },
    );
  });
});

describe('the end of a cache', () => {
  it('leaves nothing on its signal, after all that may happen', async () => {
    await withCache(
      async ({ server, cache, stop, signal }) => {
        await cache.whenSynced(signal);
        for (const how of ['close', 'reset', 'close'] as const) {
          await eventually(() => server.openWatches === 1);
          server.faults.push({ verb: 'watch', status: 500 }, { verb: 'watch', errorEvent: 410 });
          server.end(how);
          server.put(how);
          await sameAs(server, cache);
        }
        await stop();
        assert.equal(getEventListeners(signal, 'abort').length, 0);
      },
      {},
      three,
    );
  });

  it('comes by the signal alone, at any point, silently', async () => {
    // During the list: the server never answers.
    await withCache(
      async ({ server, cache, stop }) => {
        await eventually(() => server.http.requests.length === 1);
        await stop();
        assert.equal(cache.hasSynced, false);
      },
      {},
      (server) => {
        server.http.handler = () => undefined;
      },
    );
    // During a pause: the server asks for a minute.
    await withCache(
      async ({ server, stop }) => {
        await eventually(() => server.lists === 1);
        await stop();
      },
      {},
      (server) => server.faults.push({ verb: 'list', status: 429, retryAfter: '60' }),
    );
    // While it watches; the connection is closed.
    await withCache(async ({ server, cache, stop }) => {
      await cache.whenSynced();
      await eventually(() => server.openWatches === 1);
      await stop();
      await eventually(() => server.openWatches === 0);
    });
  });

  it('ends those who wait for it to be filled', async () => {
    await withCache(
      async ({ cache }) => {
        const reason = new Error('enough');
        await assert.rejects(cache.whenSynced(AbortSignal.abort(reason)), reason);
        const controller = new AbortController();
        const waiting = cache.whenSynced(controller.signal);
        controller.abort(reason);
        await assert.rejects(waiting, reason);
      },
      {},
      (server) => {
        server.http.handler = () => undefined;
      },
    );
  });

  it('tries again so soon, however often it failed, that ten seconds after a fault it can know everything', () => {
    const longest = new Backoff(CACHE_TIMING.backoff, () => 1);
    for (let failure = 0; failure < 100; failure += 1) assert.ok(longest.next() <= 8000);
  });
});
