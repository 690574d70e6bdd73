/** The protocol as the product's own code decides it, in every order of events that a small cluster allows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Broken } from './leader.ts';
import { LARGE, search, SMALL, type Size } from './sizes.ts';

const MOST_STATES = 1_000_000;

describe('no order of events makes an API server refuse a replica, and each can end', () => {
  for (const [name, size] of Object.entries(SMALL)) {
    test(name, (t) => {
      const { states, moves, complete, counterExample } = search(size, MOST_STATES);
      t.diagnostic(`${states} states, ${moves} moves`);
      assert.deepEqual(counterExample, undefined);
      assert.ok(complete);
    });
  }
});

describe('a rule that is left out is found by a story', () => {
  const ONE = SMALL['one replica, a canary that comes to nothing'];
  const TWO = LARGE['two replicas'];
  const MISSED = SMALL['an API server that misses a write'];
  const CASES: [rule: string, size: Size, broken: Broken][] = [
    [
      'trust is published before it is relied on',
      ONE,
      {
        facts: (facts) => ({
          ...facts,
          published: { ...facts.published, asWanted: facts.published.asWanted || facts.state.phase === 'Staged' },
        }),
      },
    ],
    ['new trust settles', ONE, { timing: { settleMs: 0 } }],
    ['two writes of one configuration are kept apart', LARGE['two rollovers'], { timing: { spacingMs: 0 } }],
    ['old trust outlives the promotion', TWO, { narrowAtOnce: true }],
    [
      'the drain waits for every replica',
      TWO,
      { facts: (facts) => ({ ...facts, replicas: facts.state.phase === 'Promoted' ? [] : facts.replicas }) },
    ],
    [
      'the drain waits for replicas not heard of',
      LARGE['two replicas, one of which is replaced'],
      { timing: { drainMs: 0, steadyMs: 0 } },
    ],
    ['a canary heeds refusals', MISSED, { facts: (facts) => ({ ...facts, refusals: 0 }) }],
    ['a canary serves before it is believed', MISSED, { timing: { canaryMs: 0 } }],
    ['a write of the configuration is bound to its version', LARGE['two leaders'], { noPrecondition: true }],
  ];
  for (const [rule, size, broken] of CASES) {
    test(rule, (t) => {
      const { states, counterExample } = search(size, MOST_STATES, broken);
      t.diagnostic(`${states} states; ${counterExample?.why}, after: ${counterExample?.story.join(', ')}`);
      assert.ok(counterExample, 'nobody noticed');
    });
  }
});
