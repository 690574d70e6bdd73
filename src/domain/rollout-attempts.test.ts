import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNew, settle, type Attempt } from './rollout-attempts.ts';
import type { RolloutPod } from './rollout.ts';

const workload = { uid: 'u', namespace: 'apps', kind: 'ReplicaSet', name: 'web' };
const pod = (uid: string, more: Partial<RolloutPod> = {}): RolloutPod => ({
  uid,
  namespace: 'apps',
  name: uid,
  state: 'Current',
  createdAt: 5000,
  workload,
  ...more,
});
const attempt: Attempt = {
  workload,
  revision: 'r',
  startedAt: 0,
  newestAt: 5000,
  before: new Set(['old']),
  evicted: 1,
  downBefore: 0,
  failures: 2,
  retryAt: 300_000,
};
const { retryAt: _over, ...afresh } = { ...attempt, failures: 0 };
const [old, came] = [pod('old', { state: 'Missed' }), pod('new')];
const LONG = 600_000;
const settled = (pods: RolloutPod[], { now = 1000, down = 0, evicted = 1 } = {}): Attempt | undefined =>
  settle({ ...attempt, evicted }, pods, {
    now,
    revision: 'r',
    looks: new Map([['u', { down, unready: new Set<string>() }]]),
  });

test('whoever evicted knows new pods by name, also of the very second of the youngest', () => {
  assert.ok(isNew(came, attempt));
  assert.ok(!isNew({ ...old, createdAt: 9000 }, attempt));
});

test('once a good pod came, failures are over, and the workload is remembered while some of it needs a restart', () => {
  assert.deepEqual(settled([old, came]), afresh);
  assert.deepEqual(settled([old, came], { now: LONG }), afresh, 'for as long as that takes');
  assert.equal(settled([came]), undefined);
});

test('until something comes, nothing is known to be better', () => {
  assert.deepEqual(settled([old]), attempt);
  assert.deepEqual(settled([old], { now: LONG - 1 }), attempt);
});

test('what has not come within ten minutes is given up where as many are up as were before', () => {
  assert.equal(settled([old], { now: LONG }), undefined);
  assert.equal(settled([old, came], { now: LONG, evicted: 2 }), undefined);
  assert.deepEqual(settled([old], { now: LONG, down: 1 }), attempt, 'and waited for where they are not');
  assert.deepEqual(settled([came], { now: LONG, down: 1 }), afresh);
});
