/** Leader election against a cluster: who may write, when others may take over, and what faults do to it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LeaseLock } from '../../src/kube/lease.ts';
import type { Lease } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove } from '../../src/kube/verbs.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { runLeaderElection, type LeaderOptions } from '../../src/runtime/leader.ts';
import type { Fault } from '../cluster/index.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnCluster } from './own-cluster.ts';

/** Shorter than in life, but long enough for a machine that is busy with other tests. */
const TIMING = { leaseMs: 2000, renewDeadlineMs: 1200, retryMs: 50 };
const KEY = { namespace: 'default', name: 'sidecar-injector' };

const { cluster, client } = await startOwnCluster();

const lock = (identity: string, durationSeconds = 1, monotonic = () => performance.now()): LeaseLock =>
  new LeaseLock({ client, ...KEY, identity, durationSeconds, now: () => Date.now(), monotonic });
const signal = (): AbortSignal => AbortSignal.timeout(5000);
/** Who holds it; empty for nobody. */
const holder = async (): Promise<string> =>
  (await get<Lease>(client, RESOURCES.leases, KEY))?.spec?.holderIdentity ?? '';

/** Stands for election; `leading` tells how it stands. */
const stand = (identity: string, options: Partial<LeaderOptions> = {}) => {
  const controller = new AbortController();
  const state = { leading: false, terms: 0 };
  const running = runLeaderElection(
    {
      lock: lock(identity, TIMING.leaseMs / 1000),
      clock: systemClock,
      log: silentLogger,
      timing: TIMING,
      lead: async (term) => {
        state.leading = true;
        state.terms++;
        await new Promise((resolve) => term.addEventListener('abort', resolve, { once: true }));
        state.leading = false;
      },
      ...options,
    },
    controller.signal,
  );
  const stop = async (): Promise<void> => {
    controller.abort(new Error('stop'));
    await running;
  };
  return { state, stop, running };
};

describe('the Lease', () => {
  it('goes to one of those who ask at the same time', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => lock(name).acquire(signal())));
    assert.equal(answers.filter(({ held }) => held).length, 1);
  });

  it('is renewed by its holder, refused to others, and free after its release', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const [mine, other] = [lock('mine'), lock('other')];
    assert.deepEqual(await mine.acquire(signal()), { held: true, holder: 'mine' });
    const first = await get<Lease>(client, RESOURCES.leases, KEY);
    assert.deepEqual(await mine.acquire(signal()), { held: true, holder: 'mine' });
    const second = await get<Lease>(client, RESOURCES.leases, KEY);
    assert.equal(second?.spec?.acquireTime, first?.spec?.acquireTime);
    assert.equal(second?.spec?.leaseTransitions, 0);
    assert.deepEqual(await other.acquire(signal()), { held: false, holder: 'mine' });
    await mine.release(signal());
    assert.equal(await holder(), '');
    assert.equal((await other.acquire(signal())).held, true);
    assert.equal((await get<Lease>(client, RESOURCES.leases, KEY))?.spec?.leaseTransitions, 1);
    await mine.release(signal());
    assert.equal(await holder(), 'other', 'who does not hold it releases nothing');
  });

  it('is taken over only when it was seen unchanged for its duration, whatever its times say', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const gone = lock('gone');
    await gone.acquire(signal());
    let now = 0;
    const heir = lock('heir', 1, () => now);
    assert.equal((await heir.acquire(signal())).held, false, 'seen for the first time');
    now = 999;
    assert.equal((await heir.acquire(signal())).held, false);
    // A sign of life: the time begins anew.
    await gone.acquire(signal());
    now = 1900;
    assert.equal((await heir.acquire(signal())).held, false);
    now = 2899;
    assert.equal((await heir.acquire(signal())).held, false);
    now = 2900;
    assert.equal((await heir.acquire(signal())).held, true);
  });

  it('is still ours when the answer to a renewal is lost', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const mine = lock('mine');
    await mine.acquire(signal());
    cluster.faults.add({ verb: 'update', resource: 'leases', loseResponse: true, times: 1 });
    await assert.rejects(mine.acquire(signal()));
    assert.equal((await mine.acquire(signal())).held, true);
  });
});

describe('the release of a Lease', () => {
  const FAULTS: Record<string, Fault> = {
    'the release fails': { verb: 'update', status: 500 },
    'the answer to the release is lost': { verb: 'update', loseResponse: true },
    'the release is refused as a conflict': { verb: 'update', status: 409 },
  };
  for (const [what, fault] of Object.entries(FAULTS)) {
    it(`comes about when ${what}`, async () => {
      await remove(client, RESOURCES.leases, KEY);
      const mine = lock('mine');
      await mine.acquire(signal());
      cluster.faults.add({ ...fault, resource: 'leases', times: 1 });
      await mine.release(signal());
      assert.equal(await holder(), '');
    });
  }

  it('comes about when a conflict follows a conflict, whatever is asked', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const mine = lock('mine');
    await mine.acquire(signal());
    cluster.faults.add({ resource: 'leases', status: 409, times: 2 });
    await mine.release(signal());
    assert.equal(await holder(), '');
  });

  it('comes about after a renewal of which nothing was heard', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const mine = lock('mine');
    await mine.acquire(signal());
    cluster.faults.add({ verb: 'update', resource: 'leases', loseResponse: true, times: 1 });
    await assert.rejects(mine.acquire(signal()));
    await mine.release(signal());
    assert.equal(await holder(), '');
  });
});

describe('leader election', () => {
  it('has one leader at a time, and hands over quickly when it stops', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const replicas = ['a', 'b', 'c'].map((name) => stand(name));
    const leaders = () => replicas.filter(({ state }) => state.leading);
    await eventually(() => leaders().length === 1);
    const [first] = leaders();
    const stopped = performance.now();
    await first?.stop();
    assert.equal(first?.state.leading, false, 'the work has ended before the Lease is released');
    await eventually(() => leaders().length === 1);
    assert.ok(performance.now() - stopped < TIMING.leaseMs, 'nobody waits for the Lease to run out');
    await Promise.all(replicas.map(({ stop }) => stop()));
    assert.equal(await holder(), '');
  });

  it('stops the work before others may begin, when the API server does not answer', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const replica = stand('a');
    await eventually(() => replica.state.leading);
    const undo = cluster.faults.add({ resource: 'leases', status: 503 });
    const cut = performance.now();
    await eventually(() => !replica.state.leading);
    assert.ok(performance.now() - cut < TIMING.leaseMs);
    undo();
    await eventually(() => replica.state.leading);
    assert.ok(replica.state.terms > 1);
    await replica.stop();
  });

  it('stops the work when calls hang', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const replica = stand('a');
    await eventually(() => replica.state.leading);
    const undo = cluster.faults.add({ resource: 'leases', latencyMs: 2000 });
    const cut = performance.now();
    await eventually(() => !replica.state.leading);
    assert.ok(performance.now() - cut < TIMING.leaseMs);
    undo();
    await replica.stop();
  });

  it('stops the work when somebody else took the Lease', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const replica = stand('a');
    await eventually(() => replica.state.leading);
    await remove(client, RESOURCES.leases, KEY);
    assert.equal((await lock('thief').acquire(signal())).held, true);
    await eventually(() => !replica.state.leading);
    await replica.stop();
    assert.equal(await holder(), 'thief');
  });

  it('fails when the work fails, or does not stop in time', async () => {
    await remove(client, RESOURCES.leases, KEY);
    const failing = stand('a', { lead: () => Promise.reject(new Error('broken')) });
    await assert.rejects(failing.running, /broken/);
    assert.equal(await holder(), '');
    const stubborn = stand('b', { lead: () => new Promise(() => undefined) });
    await eventually(async () => (await holder()) === 'b');
    await assert.rejects(stubborn.stop(), /did not stop/);
    assert.equal(await holder(), 'b', 'a Lease under which somebody still works is not given away');
  });
});
