import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { operatorError } from '../errors.ts';
import { ApiError } from '../kube/errors.ts';
import { silentLogger } from '../observe/log.ts';
import { runController, type ControllerOptions, type Reconcile } from './controller.ts';
import { WorkQueue } from './queue.ts';

const start = (reconcile: Reconcile, options: Partial<ControllerOptions> = {}) => {
  const clock = new ManualClock();
  const queue = new WorkQueue({ name: 'test', clock, baseDelayMs: 100, maxDelayMs: 60_000, random: () => 1 });
  const results: string[] = [];
  const observer = { reconciled: (_: string, result: string) => void results.push(result), active: () => undefined };
  const controller = new AbortController();
  const running = runController(
    { name: 'test', queue, reconcile, clock, log: silentLogger, observer, ...options },
    controller.signal,
  );
  const stop = async (): Promise<void> => {
    controller.abort(new Error('stop'));
    await running;
  };
  return { clock, queue, results, stop };
};

describe('the controller', () => {
  it('works on all keys there are when it starts, and on each that is added', async () => {
    const seen: string[] = [];
    const reconcile: Reconcile = async (key) => {
      seen.push(key);
      return {};
    };
    const { queue, stop } = start(reconcile, { keys: () => ['a', 'b'] });
    await settle();
    queue.add('c');
    await settle();
    assert.deepEqual(seen, ['a', 'b', 'c']);
    await stop();
  });

  it('comes back when the reconcile asked for it', async () => {
    const times: number[] = [];
    const { clock, queue, results, stop } = start(async () => {
      times.push(clock.now());
      return times.length < 3 ? { requeueAfterMs: 1000 } : {};
    });
    queue.add('a');
    await clock.advance(10_000);
    assert.deepEqual(
      times.map((time) => time - (times[0] ?? 0)),
      [0, 1000, 2000],
    );
    assert.deepEqual(results, ['requeue', 'requeue', 'success']);
    await stop();
  });

  it('tries again after an error as the error says', async () => {
    const waitAfter = async (error: unknown): Promise<number> => {
      const times: number[] = [];
      const { clock, queue, stop } = start(async () => {
        times.push(clock.now());
        if (times.length === 1) throw error;
        return {};
      });
      queue.add('a');
      await clock.advance(120_000);
      await stop();
      return (times[1] ?? Infinity) - (times[0] ?? 0);
    };
    const api = (code: number, retryAfterSeconds?: number): ApiError =>
      new ApiError({ code, reason: '', message: '', retryAfterSeconds });
    assert.equal(await waitAfter(new Error('anything')), 100);
    assert.equal(await waitAfter(api(409)), 100);
    assert.equal(await waitAfter(api(403)), 100);
    assert.equal(await waitAfter(api(503, 7)), 7000);
    assert.equal(await waitAfter(api(422)), 60_000);
    assert.equal(await waitAfter(operatorError('SI1002', { detail: '' })), 60_000);
    assert.equal(await waitAfter(operatorError('SI5002', { detail: '' }, { retryAfterMs: 3000 })), 3000);
  });

  it('survives a reconcile that throws before it is asynchronous', async () => {
    let calls = 0;
    const { clock, queue, stop } = start(() => {
      calls++;
      throw new TypeError('a defect');
    });
    queue.add('a');
    await clock.advance(1000);
    assert.ok(calls > 1);
    await stop();
  });

  it('never works on one key twice at a time, but on several keys', async () => {
    const gates = new Map<string, () => void>();
    const { queue, stop } = start(
      async (key) => {
        assert.ok(!gates.has(key), 'in two hands');
        await new Promise<void>((resolve) => gates.set(key, resolve));
        gates.delete(key);
        return {};
      },
      { workers: 3 },
    );
    for (const key of ['a', 'a', 'b']) queue.add(key);
    await settle();
    queue.add('a');
    await settle();
    assert.deepEqual([...gates.keys()].sort(), ['a', 'b']);
    gates.get('a')?.();
    await settle();
    assert.ok(gates.has('a'), 'what was added meanwhile comes after');
    for (const open of gates.values()) open();
    await stop();
  });

  it('stops what is under way by its signal and waits for it', async () => {
    let ended = false;
    const { queue, results, stop } = start(async (_, signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await settle();
      ended = true;
      throw signal.reason;
    });
    queue.add('a');
    await settle();
    await stop();
    assert.equal(ended, true);
    assert.deepEqual(results, [], 'the end is no failure');
  });

  it('gives up a reconcile that takes too long', async () => {
    const reasons: unknown[] = [];
    const { queue, results, stop } = start(
      async (_, signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reasons.push(signal.reason);
        throw signal.reason;
      },
      { timeoutMs: 10 },
    );
    queue.add('a');
    while (results.length === 0) await settle();
    assert.match(String(reasons[0]), /more than 0.01 s/);
    assert.equal(results[0], 'error');
    await stop();
  });
});
