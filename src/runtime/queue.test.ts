import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { WorkQueue } from './queue.ts';

const DAY = 24 * 3600 * 1000;

const make = (
  options: { random?: () => number } = {},
): { clock: ManualClock; queue: WorkQueue; take: () => Promise<string | undefined> } => {
  const clock = new ManualClock();
  const queue = new WorkQueue({ name: 'test', clock, baseDelayMs: 100, maxDelayMs: 1000, ...options });
  /** The next key, or undefined when there is none now. */
  const take = async (): Promise<string | undefined> => {
    const controller = new AbortController();
    const taken = queue.take(controller.signal).catch(() => undefined);
    await settle();
    controller.abort();
    return taken;
  };
  return { clock, queue, take };
};

describe('the queue', () => {
  it('hands out keys in the order in which they came, each once', async () => {
    const { queue, take } = make();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    assert.deepEqual([await take(), await take(), await take(), await take()], ['a', 'b', 'c', undefined]);
  });

  it('brings a key that is added while it is worked on once more, after that', async () => {
    const { queue, take } = make();
    queue.add('a');
    assert.equal(await take(), 'a');
    queue.add('a');
    queue.add('a');
    assert.equal(await take(), undefined);
    queue.done('a');
    assert.equal(await take(), 'a');
    queue.done('a');
    assert.equal(await take(), undefined);
  });

  it('gives a key to those who wait, one to each', async () => {
    const { queue } = make();
    const signal = new AbortController().signal;
    const takers = [queue.take(signal), queue.take(signal)];
    queue.add('a');
    queue.add('b');
    assert.deepEqual(await Promise.all(takers), ['a', 'b']);
  });

  it('lets the earliest plan win, and an add at once replace it', async () => {
    const { clock, queue, take } = make();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    assert.equal(clock.pending, 1);
    await clock.advance(199);
    assert.equal(await take(), undefined);
    await clock.advance(1);
    assert.equal(await take(), 'a');
    queue.done('a');
    queue.addAfter('a', 500);
    queue.add('a');
    assert.equal(clock.pending, 0);
    assert.equal(await take(), 'a');
  });

  it('keeps a plan of many weeks', async () => {
    const { clock, queue, take } = make();
    queue.addAfter('a', 60 * DAY);
    await clock.advance(60 * DAY - 1);
    assert.equal(await take(), undefined);
    await clock.advance(1);
    assert.equal(await take(), 'a');
  });

  it('waits longer with each failure of a key, up to a bound, and forgets them', async () => {
    const { queue } = make({ random: () => 1 });
    const waits = [1, 2, 3, 4, 5, 6].map(() => queue.retry('a'));
    assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000]);
    assert.equal(queue.retry('b'), 100, 'each key has its own count');
    queue.forget('a');
    assert.equal(queue.retry('a'), 100);
    assert.equal(queue.retry('a', 5000), 5000, 'what the server asked for');
  });

  it('spreads its waits but never comes back at once', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(40), (random, failures) => {
        const { queue } = make({ random: () => random });
        for (let failure = 0; failure < failures; failure++) queue.retry('a');
        const wait = queue.retry('a');
        assert.ok(wait >= 50 && wait <= 1000, `${wait}`);
      }),
    );
  });

  it('ends its waiters by their signal and loses no key to them', async () => {
    const { queue, take } = make();
    const controller = new AbortController();
    const reason = new Error('stop');
    const waiting = queue.take(controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    queue.add('a');
    assert.equal(await take(), 'a');
    await assert.rejects(queue.take(controller.signal), reason);
  });

  it('drops its plans when it is closed', async () => {
    const { clock, queue } = make();
    queue.addAfter('a', 100);
    queue.close();
    assert.equal(clock.pending, 0);
  });

  it('loses no key and gives none to two workers, whatever the order of things', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key }),
      fc.record({ do: fc.constant('after' as const), key, ms: fc.nat(300) }),
      fc.record({ do: fc.constant('retry' as const), key }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const), key }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.nat(300) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, queue, take } = make();
        const working = new Set<string>();
        /** Keys that must still be handed out once from now on. */
        const owed = new Set<string>();
        for (const next of steps) {
          if (next.do === 'add') {
            queue.add(next.key);
            owed.add(next.key);
          } else if (next.do === 'after') {
            queue.addAfter(next.key, next.ms);
            owed.add(next.key);
          } else if (next.do === 'retry') {
            queue.retry(next.key);
            owed.add(next.key);
          } else if (next.do === 'advance') await clock.advance(next.ms);
          else if (next.do === 'done') {
            if (working.delete(next.key)) queue.done(next.key);
          } else {
            const taken = await take();
            if (taken === undefined) continue;
            assert.ok(!working.has(taken), `${taken} is in two hands`);
            working.add(taken);
            owed.delete(taken);
          }
        }
        for (const each of working) queue.done(each);
        await clock.advance(10_000);
        for (let taken = await take(); taken !== undefined; taken = await take()) owed.delete(taken);
        assert.deepEqual([...owed], []);
      }),
      { numRuns: 60 },
    );
  });
});
