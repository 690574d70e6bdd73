import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt } from './rollout-attempts.ts';
import { rolledOut, waitingForInjector, type RolloutReport } from './rollout-report.ts';

const attempt = (more: Partial<Attempt> = {}): Attempt => ({
  workload: { namespace: 'apps', kind: 'ReplicaSet', name: 'web', uid: 'u' },
  revision: 'r',
  startedAt: 0,
  newestAt: 0,
  evicted: 1,
  downBefore: 0,
  failures: 0,
  ...more,
});
const failed = attempt({ failures: 2, retryAt: Date.UTC(2026, 0, 1) });
const worst = { ...failed, workload: { ...failed.workload, name: 'db' }, failures: 3 };
const report = (more: Partial<RolloutReport>): RolloutReport => ({
  outdated: 1,
  missed: 2,
  byHand: 0,
  hopeless: { count: 0 },
  attempts: [],
  waits: [],
  ...more,
});

const ROWS: [what: string, report: Partial<RolloutReport>, status: string, reason: string, message: RegExp][] = [
  ['nothing is left', { outdated: 0, missed: 0 }, 'True', 'UpToDate', /^every pod that should have the sidecar has it/],
  [
    'the last one is not up yet',
    { outdated: 0, missed: 0, attempts: [attempt()] },
    'False',
    'Restarting',
    /^0 outdated/,
  ],
  ['as many are outdated as missed', { outdated: 2, missed: 2 }, 'False', 'Restarting', /^2 outdated and 2 missed/],
  ['it goes on', {}, 'False', 'Restarting', /^1 outdated and 2 missed pods are left$/],
  ['others have not been looked at', { waits: ['Look'] }, 'False', 'Restarting', /left$/],
  [
    'a limit is reached',
    { waits: ['Rate', 'Unavailable'] },
    'False',
    'Waiting',
    /maxPerMinute is reached; .*maxUnavailable/,
  ],
  [
    'a budget holds it',
    { waits: ['Budget'], held: 'budget db needs 1' },
    'False',
    'Waiting',
    /left; budget db needs 1$/,
  ],
  ['a budget does not say why', { waits: ['Budget'], held: '' }, 'False', 'Waiting', /left$/],
  ['no budget holds it any more', { waits: ['Rate'], held: 'budget db' }, 'False', 'Waiting', /left; maxPer.*reached$/],
  ['the first ones come back', { waits: ['Replacement'] }, 'False', 'Waiting', /pods that replace .* are waited for$/],
  [
    'several do not get better: the worst is named',
    { attempts: [{ ...failed, failures: 1 }, worst, { ...failed, failures: 2 }, attempt()] },
    'False',
    'NotHelping',
    /apps\/db and 2 other workloads did not help.*\(3 times\)/,
  ],
  [
    'it does not help',
    { attempts: [failed], waits: ['NotHelping'] },
    'False',
    'NotHelping',
    /apps\/web did not help.*\(2 times\).*2026-01-01T00:00:00Z$/,
  ],
  [
    'some do not get better, and others go on',
    { attempts: [failed], waits: ['NotHelping', 'Rate'] },
    'False',
    'Waiting',
    /web did not help/,
  ],
  [
    'there is no right',
    { notPermitted: 'forbidden' },
    'False',
    'NotPermitted',
    /add the component config\/components\/rollout .*forbidden$/,
  ],
  ['the rest is for people', { byHand: 3 }, 'False', 'NotRestartable', /3 of them must be restarted by hand/],
  [
    'a restart does not cure it',
    { outdated: 0, hopeless: { count: 2, example: 'conflict_skipped: a name is taken' } },
    'False',
    'NotRestartable',
    /2 of them would be missed again: conflict_skipped: a name is taken$/,
  ],
];
for (const [what, given, status, reason, message] of ROWS) {
  test(`RolledOut when ${what}`, () => {
    const condition = rolledOut(report(given));
    assert.deepEqual([condition.status, condition.reason], [status, reason]);
    assert.match(condition.message, message);
  });
}

test('RolledOut while nothing may be restarted tells why', () => {
  const { message, ...condition } = waitingForInjector('the injector is paused');
  assert.deepEqual(condition, { type: 'RolledOut', status: 'False', reason: 'Waiting' });
  assert.match(message, /^nothing is restarted: the injector is paused$/);
});
