/** Two leaders, late replicas, lost writes, stale reads, jumping clocks: no order of events breaks a rollover. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ROLLOVER_TIMING as TIMING } from '../../src/domain/rollover.ts';
import { RolloverWorld, type Sabotage } from './rollover-world.ts';

type Event = (world: RolloverWorld) => void;

const leader = fc.nat({ max: 1 });
const replica = fc.nat({ max: 3 });
const outcome = fc.constantFrom('ok' as const, 'ok' as const, 'ok' as const, 'lost' as const, 'unanswered' as const);

/** What a leader does most of the time: reads, then acts once or twice. */
const pass = fc.tuple(leader, outcome).map(([who, how]): Event => (world) => {
  world.read(who, 'first');
  world.read(who, 'second');
  world.act(who, how);
});
const time = fc.constantFrom(200, 1000, 5000, 16_000, 61_000).map(
  (ms): Event =>
    (world) =>
      world.tick(ms),
);

const common: fc.WeightedArbitrary<Event>[] = [
  { weight: 8, arbitrary: pass },
  { weight: 6, arbitrary: time },
  {
    weight: 2,
    arbitrary: leader.map(
      (who): Event =>
        (world) =>
          world.read(who, 'first'),
    ),
  },
  {
    weight: 2,
    arbitrary: leader.map(
      (who): Event =>
        (world) =>
          world.read(who, 'second'),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(leader, outcome).map(
      ([who, how]): Event =>
        (world) =>
          world.act(who, how),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(leader, outcome).map(
      ([who, how]): Event =>
        (world) =>
          world.rotate(who, how),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(replica, fc.boolean()).map(
      ([who, newest]): Event =>
        (world) =>
          world.follow(who, newest),
    ),
  },
  {
    weight: 4,
    arbitrary: replica.map(
      (who): Event =>
        (world) =>
          world.report(who),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Event>(everybodyFollows) },
  {
    weight: 1,
    arbitrary: replica.map(
      (who): Event =>
        (world) =>
          world.restart(who),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Event>((world) => world.join()) },
  {
    weight: 1,
    arbitrary: leader.map(
      (who): Event =>
        (world) =>
          world.crash(who),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Event>((world) => world.spoilNext()) },
];
const jump: fc.WeightedArbitrary<Event> = {
  weight: 1,
  arbitrary: leader.map(
    (who): Event =>
      (world) =>
        world.jumpClock(who),
  ),
};
const stick: fc.WeightedArbitrary<Event> = { weight: 2, arbitrary: fc.constant<Event>((world) => world.missNext()) };

function everybodyFollows(world: RolloverWorld): void {
  for (const index of [0, 1, 2, 3]) {
    world.follow(index, true);
    world.report(index);
  }
}

/** API servers in a world: how late they are, and what else may befall them. */
const WORLDS: Record<string, { lag: number; events: fc.WeightedArbitrary<Event>[] }> = {
  'API servers up to 50 s late': { lag: 50_000, events: common },
  'clocks that jump by years': { lag: 1500, events: [...common, jump] },
  'an API server that misses a write': { lag: 1000, events: [...common, stick] },
};

function story(world: keyof typeof WORLDS, sabotage: Sabotage = {}): fc.IProperty<[number, Event[]]> {
  const { lag = 0, events = [] } = WORLDS[world] ?? {};
  const order = fc.array(fc.oneof(...events), { minLength: 20, maxLength: 120, size: 'max' });
  return fc.property(fc.integer({ min: 1, max: 3 }), order, (replicas, steps) => {
    const model = new RolloverWorld(TIMING, lag, replicas, sabotage);
    for (const step of steps) {
      step(model);
      assert.deepEqual(model.broken, []);
    }
    model.runFairly(3 * TIMING.degradedMs);
    assert.deepEqual(model.broken, []);
    assert.ok(model.settled, `it ends stable, not in ${JSON.stringify(model.secret)}`);
  });
}

describe('a rollover in any order of events', () => {
  for (const world of Object.keys(WORLDS)) {
    test(`${world}: no refused call, and it ends`, () => fc.assert(story(world), { numRuns: 300 }));
  }

  test('hand edits of the configuration are put right, and it ends', () => {
    const edit: fc.WeightedArbitrary<Event> = {
      weight: 2,
      arbitrary: fc.constant<Event>((world) => world.editByHand()),
    };
    WORLDS['edits'] = { lag: 1000, events: [...common, edit] };
    fc.assert(story('edits'), { numRuns: 100 });
  });

  test('a rollover takes place at all', () => {
    const world = new RolloverWorld(TIMING, 50_000, 3);
    world.read(0, 'first');
    world.read(0, 'second');
    world.rotate(0, 'ok');
    world.runFairly(600_000);
    assert.ok(world.settled);
    assert.equal(world.promotions, 1);
    assert.deepEqual(world.published.anchors, [1]);
  });
});

describe('each rule is missed when it is left out', () => {
  const LATE = 'API servers up to 50 s late';
  const MISSED = 'an API server that misses a write';
  const JUMPS = 'clocks that jump by years';
  const CASES: [name: string, world: string, sabotage: Sabotage][] = [
    [
      'trust before serving',
      LATE,
      {
        facts: (facts) => ({
          ...facts,
          published: { ...facts.published, asWanted: facts.published.asWanted || facts.state.phase === 'Staged' },
        }),
      },
    ],
    ['the wait for new trust to settle', LATE, { timing: { settleMs: 0 } }],
    ['the short wait in an emergency', JUMPS, { timing: { emergencySettleMs: 0 } }],
    ['the time between two writes', LATE, { timing: { spacingMs: 0 } }],
    ['the canary heeds refusals', MISSED, { facts: (facts) => ({ ...facts, refusals: 0 }) }],
    ['the canary serves before it is believed', MISSED, { timing: { canaryMs: 0 } }],
    [
      'the touch',
      MISSED,
      { facts: (facts) => ({ ...facts, published: { ...facts.published, touch: String(facts.state.seq) } }) },
    ],
    ['old trust outlives the promotion', LATE, { narrowAtOnce: true }],
    [
      'the drain waits for every replica',
      LATE,
      {
        facts: (facts) => ({
          ...facts,
          replicas: facts.replicas.map((one) => ({
            ...one,
            seq: Infinity,
            ...(facts.state.phase === 'Promoted' && facts.current && { served: facts.current.fingerprint }),
          })),
        }),
      },
    ],
    [
      'what was given up may still be served',
      LATE,
      {
        facts: (facts) => ({
          ...facts,
          replicas: facts.state.phase === 'Staged' && facts.next?.failure !== undefined ? [] : facts.replicas,
        }),
      },
    ],
    ['the write of the configuration is bound to its version', LATE, { noPrecondition: true }],
  ];
  for (const [name, world, sabotage] of CASES) {
    test(name, () => {
      const { failed } = fc.check(story(world, sabotage), { numRuns: 3000, seed: 4, endOnFailure: true });
      assert.ok(failed, 'nobody noticed');
    });
  }

  /** What chance would seldom bring about. */
  const PLOTS: [name: string, sabotage: Sabotage, plot: (world: RolloverWorld) => void][] = [
    [
      'the drain waits for replicas not heard of',
      { timing: { drainMs: 0, steadyMs: 0 } },
      (world) => {
        drive(world, 'Canary');
        for (let second = 0; second < 14; second += 1) turn(world);
        world.join();
        for (let second = 0; second < 20; second += 1) turn(world, [0, 1]);
      },
    ],
    [
      'the write of the Secret is bound to its version',
      { noCompareAndSwap: true },
      (world) => {
        drive(world, 'Staged');
        for (let second = 0; second < 10; second += 1) turn(world);
        for (let look = 0; look < 2; look += 1) {
          world.tick(61_000);
          for (const half of ['first', 'second'] as const) world.read(1, half);
        }
        drive(world, 'Stable');
        world.act(1, 'ok');
        for (let second = 0; second < 60; second += 1) turn(world);
      },
    ],
    [
      'the configuration is read before the Secret',
      { readSecretFirst: true },
      (world) => {
        drive(world, 'Narrowing');
        world.read(1, 'first');
        if (world.published.anchors.length === 1) world.read(1, 'second');
        drive(world, 'Stable');
        world.rotate(0, 'ok');
        drive(world, 'Canary');
        for (let look = 0; look < 2; look += 1) {
          turn(world);
          world.read(1, 'second');
          world.tick(6000);
        }
        world.act(1, 'ok');
        turn(world);
      },
    ],
  ];
  for (const [name, sabotage, plot] of PLOTS) {
    test(name, () => {
      const [kept, left] = [{}, sabotage].map((how) => {
        const world = new RolloverWorld(TIMING, 50_000, 2, how);
        for (const half of ['first', 'second'] as const) world.read(0, half);
        world.rotate(0, 'ok');
        plot(world);
        return world.broken;
      });
      assert.deepEqual(kept, []);
      assert.notDeepEqual(left, [], 'nobody noticed');
    });
  }
});

/** One second in which leader 0 does its work, and these replicas theirs. */
function turn(world: RolloverWorld, replicas = [0, 1, 2, 3]): void {
  for (const index of replicas) {
    world.follow(index, true);
    world.report(index);
  }
  world.read(0, 'first');
  world.read(0, 'second');
  world.act(0, 'ok');
  world.tick(1000);
}

function drive(world: RolloverWorld, phase: string): void {
  for (let second = 0; second < 1000 && world.secret.state.phase !== phase; second += 1) turn(world);
}
