import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { silentLogger } from '../observe/log.ts';
import { LEADER_TIMING, runLeaderElection } from './leader.ts';

type Answer = { held: boolean; holder: string } | Error | Promise<never>;

/** Stands for election with a Lease that answers as the test says; the real calls are in test/integration/lease.test.ts. */
const stand = (clock: ManualClock, first: Answer = { held: true, holder: 'me' }) => {
  const state = { leading: false, terms: 0, released: 0, answer: first };
  const leading: boolean[] = [];
  const controller = new AbortController();
  const running = runLeaderElection(
    {
      lock: {
        name: 'ns/lease',
        acquire: async () => {
          const answer = await state.answer;
          if (answer instanceof Error) throw answer;
          return answer;
        },
        release: async () => void state.released++,
      },
      clock,
      log: silentLogger,
      observer: { leading: (isLeader) => void leading.push(isLeader) },
      lead: async (signal) => {
        state.leading = true;
        state.terms++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        state.leading = false;
      },
    },
    controller.signal,
  );
  const stop = async (): Promise<void> => {
    controller.abort(new Error('stop'));
    await running;
  };
  return { state, leading, stop };
};

describe('a leader', () => {
  it('works as long as it renews', async () => {
    const clock = new ManualClock();
    const { state, stop } = stand(clock);
    await clock.advance(3600_000);
    assert.deepEqual([state.leading, state.terms], [true, 1]);
    await stop();
    assert.equal(state.released, 1);
  });

  it('outlives failures shorter than the deadline, and stops at it', async () => {
    const clock = new ManualClock();
    const { state, leading, stop } = stand(clock);
    await clock.advance(4000);
    state.answer = new Error('no route');
    await clock.advance(8000);
    assert.equal(state.leading, true);
    state.answer = { held: true, holder: 'me' };
    await clock.advance(2000);
    state.answer = new Error('no route');
    await clock.advance(LEADER_TIMING.renewDeadlineMs + LEADER_TIMING.retryMs);
    assert.deepEqual([state.leading, state.terms], [false, 1]);
    assert.deepEqual(leading, [false, true, false]);
    await stop();
  });

  it('stops when it wakes from a sleep that was longer than the Lease, before it renews', async () => {
    const clock = new ManualClock();
    const { state, leading, stop } = stand(clock);
    await clock.advance(5000);
    assert.equal(state.leading, true);
    clock.sleep(60_000);
    await clock.advance(0);
    assert.deepEqual(leading, [false, true, false]);
    assert.equal(state.leading, false);
    await stop();
  });

  it('goes on renewing when the wall clock is set back', async () => {
    const clock = new ManualClock();
    const { state, leading, stop } = stand(clock);
    await clock.advance(3000);
    clock.set(-90 * 60_000);
    state.answer = { held: false, holder: 'other' };
    await clock.advance(LEADER_TIMING.retryMs + 1);
    assert.deepEqual([state.leading, leading.at(-1)], [false, false], 'it has asked, and seen that another one leads');
    await stop();
  });

  it('that stands by takes over in time though the wall clock was set back', async () => {
    const clock = new ManualClock();
    const { state, stop } = stand(clock, { held: false, holder: 'other' });
    await clock.advance(5000);
    clock.set(-90 * 60_000);
    state.answer = { held: true, holder: 'me' };
    await clock.advance(3000);
    await settle();
    assert.equal(state.leading, true);
    await stop();
  });

  it('that stands by takes over when the Lease is free', async () => {
    const clock = new ManualClock();
    const { state, stop } = stand(clock, { held: false, holder: 'other' });
    await clock.advance(60_000);
    assert.equal(state.terms, 0);
    state.answer = { held: true, holder: 'me' };
    await clock.advance(3000);
    await settle();
    assert.equal(state.leading, true);
    await stop();
  });
});
