import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { backoffMs, isNew, MAX_ATTEMPTS, type Attempt } from './rollout-attempts.ts';
import {
  needsRestart,
  planRollout,
  unavailableLimit,
  workloadOf,
  worthALook,
  type RolloutFacts,
  type RolloutPod,
  type Wait,
  type Workload,
} from './rollout.ts';

const workload = (name: string): Workload => ({ uid: `uid-${name}`, namespace: 'apps', kind: 'ReplicaSet', name });
const pod = (of: string, name: string, more: Partial<RolloutPod> = {}): RolloutPod => ({
  uid: name,
  namespace: 'apps',
  name,
  state: 'Missed',
  createdAt: 1000,
  workload: workload(of),
  ...more,
});
const look = (down = 0, ...unready: string[]) => ({ down, unready: new Set(unready) });
const facts = (more: Partial<RolloutFacts>): RolloutFacts => ({
  now: 1_000_000,
  revision: 'r2',
  maxUnavailable: 1,
  maxPerMinute: 10,
  pods: [],
  looks: new Map([
    ['uid-a', look()],
    ['uid-b', look()],
  ]),
  attempts: [],
  evictions: [],
  held: new Set(),
  ...more,
});
const attempt = (of: string, more: Partial<Attempt> = {}): Attempt => ({
  workload: workload(of),
  revision: 'r2',
  startedAt: 990_000,
  newestAt: 1000,
  before: new Set(['a1', 'a2', 'a3']),
  evicted: 1,
  downBefore: 0,
  failures: 0,
  ...more,
});
const [a1, a2, b1] = [pod('a', 'a1'), pod('a', 'a2', { state: 'Outdated' }), pod('b', 'b1')];
const good = pod('a', 'new', { state: 'Current', createdAt: 5000 });
const bad = { ...good, state: 'Missed' as const };

const goodB = { ...good, uid: 'new-b', name: 'new-b', workload: workload('b') };
const begunB = attempt('b', { before: new Set(['b1']) });

const ROWS: [what: string, facts: Partial<RolloutFacts>, evicts: string[], waits: Wait[]][] = [
  ['nothing needs it', { pods: [good] }, [], []],
  ['one pod of a workload goes first, alone', { pods: [a1, a2], maxUnavailable: 5 }, ['a1'], []],
  ['one pod of each, as many as may be down', { pods: [a1, a2, b1], maxUnavailable: 2 }, ['a1', 'b1'], []],
  ['no more than may be down', { pods: [a1, b1] }, ['a1'], ['Unavailable']],
  [
    'what has not come back counts',
    {
      pods: [b1],
      attempts: [attempt('a')],
      looks: new Map([
        ['uid-a', look(1)],
        ['uid-b', look()],
      ]),
    },
    [],
    ['Unavailable'],
  ],
  ['the pods that are down anyway count', { pods: [a1], looks: new Map([['uid-a', look(1)]]) }, [], ['Unavailable']],
  [
    'what is not ready goes first, and costs nothing',
    { pods: [a1, a2], looks: new Map([['uid-a', look(1, 'a2')]]) },
    ['a2'],
    [],
  ],
  ['others wait for what comes instead of the first', { pods: [a1], attempts: [attempt('a')] }, [], ['Replacement']],
  [
    'and follow it when it is as it should be',
    { pods: [a1, a2, good], attempts: [attempt('a')], maxUnavailable: 2 },
    ['a1', 'a2'],
    [],
  ],
  ['but not when it is not', { pods: [a1, a2, bad], attempts: [attempt('a')] }, [], ['NotHelping']],
  [
    'one is tried again when its time has come',
    { pods: [a1, bad], attempts: [attempt('a', { failures: 1, retryAt: 999_999 })] },
    ['a1'],
    [],
  ],
  [
    'a workload that does not get better keeps no other from it',
    { pods: [bad, b1], attempts: [attempt('a')] },
    ['b1'],
    ['NotHelping'],
  ],
  ['another template: all is tried again', { pods: [bad], attempts: [attempt('a', { revision: 'r1' })] }, ['new'], []],
  [
    'after another leader times tell what is new',
    { pods: [bad], attempts: [attempt('a', { before: undefined } as object)] },
    [],
    ['NotHelping'],
  ],
  ['a budget is waited for', { pods: [a1, b1], held: new Set(['uid-a']) }, ['b1'], ['Budget']],
  ['a minute has its limit', { pods: [a1], maxPerMinute: 2, evictions: [940_000, 999_000] }, [], ['Rate']],
  ['and then ends', { pods: [a1], maxPerMinute: 2, evictions: [939_999, 999_000] }, ['a1'], []],
  ['a workload that was not looked at waits', { pods: [a1], looks: new Map() }, [], ['Look']],
  ['even in the middle of it', { pods: [a1, good], looks: new Map(), attempts: [attempt('a')] }, [], ['Look']],
  ['workloads are taken by their names', { pods: [b1, a1] }, ['a1'], ['Unavailable']],
  [
    'and so are pods',
    { pods: [good, pod('a', 'a3'), a1, a2], attempts: [attempt('a')], maxUnavailable: 5 },
    ['a1', 'a2', 'a3'],
    [],
  ],
  [
    'but what is begun goes on before others begin',
    { pods: [a1, b1, goodB], attempts: [begunB] },
    ['b1'],
    ['Unavailable'],
  ],
  ['in whatever order they are found', { pods: [b1, goodB, a1], attempts: [begunB] }, ['b1'], ['Unavailable']],
  [
    'at the very end of its back-off one is tried again',
    { pods: [a1, bad], attempts: [attempt('a', { failures: 1, retryAt: 1_000_000 })] },
    ['a1'],
    [],
  ],
  [
    'a pod that is still coming up is counted once',
    { pods: [a1, a2, good], attempts: [attempt('a')], looks: new Map([['uid-a', look(1)]]), maxUnavailable: 2 },
    ['a1'],
    ['Unavailable'],
  ],
];
for (const [what, given, evicts, waits] of ROWS) {
  test(`rollout: ${what}`, () => {
    const plan = planRollout(facts(given));
    assert.deepEqual(
      plan.evict.map(({ name }) => name),
      evicts,
    );
    assert.deepEqual(plan.waits, waits);
  });
}

test('what is there no more is forgotten: done, another template, scaled down', () => {
  const left = (more: Partial<RolloutFacts>): number => planRollout(facts(more)).attempts.length;
  assert.equal(left({ pods: [good], attempts: [attempt('a')] }), 0);
  assert.equal(left({ pods: [good], attempts: [attempt('a', { evicted: 2 })] }), 1);
  const down = new Map([['uid-a', look(1)]]);
  assert.equal(left({ pods: [good], looks: down, attempts: [attempt('a')] }), 1, 'it is not ready yet');
  assert.equal(
    left({ pods: [good], looks: down, attempts: [attempt('a', { downBefore: 1 })] }),
    0,
    'nor was it before',
  );
  assert.equal(left({ pods: [], attempts: [attempt('a')] }), 1);
  assert.equal(left({ pods: [], attempts: [attempt('a', { startedAt: 400_000 })] }), 0);
  assert.equal(left({ pods: [bad], attempts: [attempt('a', { startedAt: 1 })] }), 1);
});

test('only pods of controllers that make new ones are of a workload', () => {
  const of = (apiVersion: string, kind: string) => workloadOf('apps', { apiVersion, kind, name: 'n', uid: 'u' })?.kind;
  assert.equal(of('apps/v1', 'ReplicaSet'), 'ReplicaSet');
  assert.equal(of('apps/v1', 'StatefulSet'), 'StatefulSet');
  assert.equal(of('apps/v1', 'DaemonSet'), 'DaemonSet');
  assert.equal(of('v1', 'ReplicationController'), 'ReplicationController');
  for (const [apiVersion, kind] of [
    ['batch/v1', 'Job'],
    ['v1', 'Node'],
    ['example.com/v1', 'StatefulSet'],
    ['example.com/v1', 'ReplicaSet'],
    ['example.com/v1', 'DaemonSet'],
    ['example.com/v1', 'ReplicationController'],
    ['apps/v1', 'constructor'],
  ] as const) {
    assert.equal(of(apiVersion, kind), undefined, kind);
  }
  assert.equal(workloadOf('apps', undefined), undefined);
});

test('maxUnavailable is a number or a percentage, and at least 1', () => {
  assert.deepEqual([unavailableLimit(3, 100), unavailableLimit('25%', 10), unavailableLimit('1%', 10)], [3, 2, 1]);
  assert.deepEqual([unavailableLimit('2%5', 100), unavailableLimit('many', 100)], [1, 1], 'what is neither');
});

test('a workload is remembered as it was before its first pod went', () => {
  const pods = [a1, { ...a2, createdAt: 3000 }, { ...b1, createdAt: 9000 }];
  const { attempts } = planRollout(facts({ pods, looks: new Map([['uid-a', look(1, 'a2')]]) }));
  assert.deepEqual(attempts, [
    {
      workload: workload('a'),
      revision: 'r2',
      startedAt: 1_000_000,
      newestAt: 3000,
      before: new Set(['a1', 'a2']),
      evicted: 1,
      downBefore: 1,
      failures: 0,
    },
  ]);
});

test('pods that follow the first are counted; the attempt is the same', () => {
  const { attempts } = planRollout(facts({ pods: [a1, a2, good], attempts: [attempt('a')], maxUnavailable: 2 }));
  assert.deepEqual(attempts, [attempt('a', { evicted: 3 })]);
});

test('another try is a new attempt that knows of the failures, and of what was down at first', () => {
  const failed = attempt('a', { evicted: 3, downBefore: 2, failures: 4, retryAt: 999_999 });
  const { attempts } = planRollout(facts({ pods: [a1, bad], attempts: [failed] }));
  const before = new Set(['a1', 'new']);
  const expected = { startedAt: 1_000_000, newestAt: 5000, before, downBefore: 2, failures: 4 };
  assert.deepEqual(attempts, [attempt('a', expected)]);
});

test('with too many workloads that did not come back no other is begun, but what is proven goes on', () => {
  const plan = (open: number) => {
    const attempts = Array.from({ length: open }, (_, index) => attempt(`gone-${index}`));
    const { evict, waits } = planRollout(
      facts({ pods: [a1, b1, goodB], attempts: [...attempts, begunB], maxUnavailable: 5 }),
    );
    return { evicted: evict.map(({ name }) => name), waits };
  };
  assert.deepEqual(plan(MAX_ATTEMPTS - 2), { evicted: ['b1', 'a1'], waits: [] });
  assert.deepEqual(plan(MAX_ATTEMPTS - 1), { evicted: ['b1'], waits: ['Replacement'] });
});

test('looked at are the workloads in the middle of it, and as many others as asked for, by name', () => {
  const c1 = pod('c', 'c1');
  const looked = (more: Partial<RolloutFacts>, others: number): string[] =>
    worthALook(facts(more), others).map(({ name }) => name);
  assert.deepEqual(looked({ pods: [c1, b1, a1] }, 2), ['a', 'b']);
  assert.deepEqual(looked({ pods: [a1, b1, goodB, c1], attempts: [begunB] }, 1), ['b', 'a'], 'none twice');
  assert.deepEqual(looked({ pods: [a1, b1, c1], held: new Set(['uid-a']) }, 1), ['b'], 'nor one that must wait');
  assert.deepEqual(looked({ pods: [], attempts: [begunB] }, 0), ['b'], 'until it is forgotten');
});

interface SmallPod extends RolloutPod {
  readyAt: number;
  /** What its successor will be. */
  comesBack: RolloutPod['state'];
  /** It came instead of a pod that was ready. */
  succeedsReady: boolean;
}

/** A cluster in which controllers replace what is evicted. */
class SmallWorld {
  now = 1_000_000;
  readonly pods = new Map<string, SmallPod>();
  readonly evictions: { at: number; pod: SmallPod; wasReady: boolean }[] = [];
  readonly #coming: { at: number; pod: SmallPod; wasReady: boolean; readyAfter: number }[] = [];
  attempts: readonly Attempt[] = [];

  add(of: string, more: Pick<SmallPod, 'state' | 'readyAt' | 'comesBack' | 'succeedsReady'>): void {
    const name = `p${this.pods.size + this.evictions.length}`;
    this.pods.set(name, { ...pod(of, name, { createdAt: Math.floor(this.now / 1000) * 1000 }), ...more });
  }

  /** How many that were ready have no successor yet that is. */
  get takenDown(): number {
    const unready = [...this.pods.values()].filter(({ readyAt, succeedsReady }) => succeedsReady && readyAt > this.now);
    return this.#coming.filter(({ wasReady }) => wasReady).length + unready.length;
  }

  evict({ uid }: RolloutPod, delayMs: number, readyAfter: number): void {
    const found = this.pods.get(uid);
    assert.ok(found, `${uid} is there`);
    this.pods.delete(uid);
    // The successor of a successor that was not ready still stands for the first.
    const wasReady = found.readyAt <= this.now || found.succeedsReady;
    this.evictions.push({ at: this.now, pod: found, wasReady });
    this.#coming.push({ at: this.now + delayMs, pod: found, wasReady, readyAfter });
  }

  pass(ms: number): void {
    this.now += ms;
    for (const { pod: gone, readyAfter, wasReady } of this.#coming.filter(({ at }) => at <= this.now)) {
      const { comesBack } = gone;
      const readyAt = this.now + readyAfter;
      this.add(gone.workload.name, { state: comesBack, comesBack, readyAt, succeedsReady: wasReady });
    }
    this.#coming.splice(0, this.#coming.length, ...this.#coming.filter(({ at }) => at > this.now));
  }

  looks(workloads: readonly Workload[]): RolloutFacts['looks'] {
    return new Map(
      workloads.map(({ uid, name }) => {
        const own = [...this.pods.values()].filter((each) => each.workload.uid === uid && each.readyAt > this.now);
        const coming = this.#coming.filter((each) => each.pod.workload.name === name).length;
        return [uid, look(own.length + coming, ...own.map((each) => each.uid))];
      }),
    );
  }
}

const worlds = fc.record({
  workloads: fc.array(
    fc.record({
      pods: fc.integer({ min: 1, max: 4 }),
      state: fc.constantFrom<RolloutPod['state']>('Missed', 'Outdated', 'Current'),
      // One in three never was ready.
      ready: fc.constantFrom(true, true, false),
      helps: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  maxUnavailable: fc.integer({ min: 1, max: 4 }),
  maxPerMinute: fc.integer({ min: 1, max: 8 }),
  delayMs: fc.constantFrom(0, 1000, 7000),
  readyAfterMs: fc.constantFrom(0, 3000, 20_000),
  newLeaderEvery: fc.constantFrom(1, 7, 1000),
});

test('in any cluster: within its limits, never again and again, and to the end', () => {
  fc.assert(
    fc.property(worlds, ({ workloads, maxUnavailable, maxPerMinute, delayMs, readyAfterMs, newLeaderEvery }) => {
      const world = new SmallWorld();
      for (const [index, { pods, state, ready, helps }] of workloads.entries()) {
        for (let count = 0; count < pods; count += 1) {
          const comesBack = helps ? 'Current' : 'Missed';
          world.add(`w${index}`, { state, readyAt: ready ? 0 : Infinity, comesBack, succeedsReady: false });
        }
      }
      world.pass(2000);
      const hour = 3_600_000;
      for (let passes = 0; passes < hour / 5000; passes += 1) {
        const given = facts({
          now: world.now,
          maxUnavailable,
          maxPerMinute,
          pods: [...world.pods.values()],
          attempts: world.attempts,
          evictions: world.evictions.map(({ at }) => at),
          looks: new Map(),
        });
        const plan = planRollout({ ...given, looks: world.looks(worthALook(given, 3)) });
        for (const victim of plan.evict) {
          assert.ok(needsRestart(victim));
          world.evict(victim, delayMs, readyAfterMs);
        }
        assert.ok(world.takenDown <= maxUnavailable, `${world.takenDown} down`);
        world.attempts = plan.attempts;
        if (passes % newLeaderEvery === 0) {
          world.attempts = plan.attempts.map(({ before: _lost, ...stored }) => stored);
        }
        world.pass(5000);
      }
      for (const { at: start } of world.evictions) {
        const within = world.evictions.filter(({ at }) => at >= start && at <= start + 60_000).length;
        assert.ok(within <= maxPerMinute, `${within} in a minute`);
      }
      for (const [index, { pods, state, helps }] of workloads.entries()) {
        const own = [...world.pods.values()].filter((each) => each.workload.name === `w${index}`);
        const evicted = world.evictions.filter((each) => each.pod.workload.name === `w${index}`).length;
        assert.equal(own.length, pods, 'controllers replace all');
        if (state === 'Current') assert.equal(evicted, 0);
        else if (helps) {
          assert.deepEqual([...new Set(own.map((each) => each.state))], ['Current']);
          assert.equal(evicted, pods, 'each once');
        } else {
          // 5, 10, 20 and 40 minutes of back-off leave room for four tries in an hour.
          assert.ok(evicted <= 4, `${evicted} evictions of ${pods} pods`);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('the back-off grows to six hours', () => {
  assert.deepEqual(
    [1, 2, 3, 20].map((failures) => backoffMs(failures) / 60_000),
    [5, 10, 20, 360],
  );
});

test('pods of the very second of the youngest are taken for old by another leader', () => {
  const { before: _lost, ...stored } = attempt('a');
  assert.equal(isNew({ ...bad, createdAt: 1000 }, stored), false);
  assert.equal(isNew({ ...bad, createdAt: 2000 }, stored), true);
});
