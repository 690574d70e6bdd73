/** Every phase of a rollover as a table: what is known -> the one next step. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  canary,
  ending,
  expired,
  facts,
  narrowing,
  promoted,
  published,
  replica,
  spoilt,
  staged,
} from '../../test/support/rollover-facts.ts';
import {
  FIRST_CALL_PATIENCE_MS,
  HURRIED,
  MOST_REVERTS,
  nextRolloverStep,
  phaseOf,
  ROLLOVER_TIMING as TIMING,
  sideToServe,
  trustsPrevious,
  type RolloverFacts,
  type RolloverState,
  type RolloverStep,
} from './rollover.ts';

/** The step in a word: what is stored, or what is waited for, and how long. */
function told(step: RolloverStep): string {
  switch (step.step) {
    case 'Store':
      return `${step.state.phase} ${step.move} ${step.state.canary ?? '-'} ${step.state.reverts}`;
    case 'Wait':
      return step.forMs === undefined ? 'wait' : `wait ${step.forMs}`;
    case 'Touch':
      return `touch ${step.mark}`;
    case 'Publish':
    case 'None':
    default:
      return step.step;
  }
}

const PHASES: Partial<RolloverState>[] = [{ phase: 'Stable' }, staged, canary, promoted, narrowing];

const TABLE: [name: string, facts: RolloverFacts, step: string][] = [
  ['nothing to do', facts({}), 'None'],
  [
    'nobody calls yet: each replica has to serve',
    facts({}, { replicas: [replica('a', 'other')], inPhaseForMs: 0 }),
    'wait',
  ],
  [
    'nobody calls yet: and to have followed',
    facts({}, { replicas: [replica('a', 'current', { seq: 6 })], inPhaseForMs: 0 }),
    'wait',
  ],
  [
    'nobody calls yet: the dead are not waited for',
    facts({}, { replicas: [replica('a', '', { live: false })], inPhaseForMs: 0 }),
    'None',
  ],
  [
    'nobody calls yet: nor is anybody for long',
    facts({}, { replicas: [replica('a', '')], inPhaseForMs: FIRST_CALL_PATIENCE_MS }),
    'None',
  ],
  ['nobody calls yet, and all serve', facts({}, { inPhaseForMs: 0 }), 'None'],
  [
    'nobody calls yet, and there is no certificate: who has one of old is waited for',
    facts({}, { current: undefined, inPhaseForMs: 0 }),
    'wait',
  ],
  [
    'two writes are far enough apart',
    facts({}, published({ asWanted: false, unchangedForMs: TIMING.spacingMs })),
    'Publish',
  ],
  ['what is missing is published', facts({}, published({ asWanted: false })), 'Publish'],
  ...PHASES.flatMap((state): [string, RolloverFacts, string][] => [
    [`${state.phase}: published first`, facts(state, published({ asWanted: false })), 'Publish'],
    [
      `${state.phase}: two writes are kept apart`,
      facts(state, published({ asWanted: false, unchangedForMs: TIMING.spacingMs - 1 })),
      'wait 1',
    ],
    [
      `${state.phase}: a hand edit is put right at once`,
      facts(state, published({ asWanted: false, altered: true, unchangedForMs: 0 })),
      'Publish',
    ],
    [
      `${state.phase}: what was put right in a hurry is touched`,
      facts(state, published({ touch: HURRIED })),
      'touch 7',
    ],
    [
      `${state.phase}: but not at once`,
      facts(state, published({ touch: HURRIED, unchangedForMs: TIMING.spacingMs - 1 })),
      'wait 1',
    ],
  ]),

  ['settled: the first replica is the canary', facts(staged), 'Canary Keep a 0'],
  ['not settled', facts(staged, published({ unchangedForMs: TIMING.settleMs - 1 })), 'wait 1'],
  [
    'settled, but a replica is blind',
    facts(staged, { replicas: [replica('a', 'current'), replica('b', 'current', { trustsPublished: false })] }),
    'wait',
  ],
  [
    'a dead replica is not waited for',
    facts(staged, {
      replicas: [replica('a', 'current', { live: false, trustsPublished: false }), replica('b', 'current')],
    }),
    'Canary Keep b 0',
  ],
  ['nobody reports', facts(staged, { replicas: [] }), 'wait'],
  ['a next that is gone is given up', facts(staged, { next: undefined }), 'Stable DropNext - 0'],
  ['a spoilt next is given up', facts(staged, spoilt), 'Stable DropNext - 0'],
  [
    'a spoilt next is given up, older trust is not',
    facts(staged, { ...spoilt, hasPrevious: true }),
    'Promoted DropNext - 0',
  ],
  ['a spoilt next that is still served is not', facts(staged, { ...spoilt, replicas: [replica('a', 'next')] }), 'wait'],
  [
    'a spoilt next that a replica may be told to serve is not',
    facts(staged, { ...spoilt, replicas: [replica('a', 'current', { seq: 6 })] }),
    'wait',
  ],
  [
    'nothing to lose: promoted after a short wait',
    facts(staged, { ...expired, ...published({ unchangedForMs: TIMING.emergencySettleMs }) }),
    'Promoted Promote - 0',
  ],
  [
    'nothing to lose, but published this moment',
    facts(staged, { ...expired, ...published({ unchangedForMs: TIMING.emergencySettleMs - 1 }) }),
    'wait 1',
  ],
  ['no current one: the same', facts(staged, { current: undefined, replicas: [] }), 'Promoted Promote - 0'],
  ['after a revert: touched', facts({ ...staged, reverts: 1 }), 'touch 7'],
  [
    'after a revert: touched, but not at once',
    facts({ ...staged, reverts: 1 }, published({ unchangedForMs: TIMING.spacingMs - 1 })),
    'wait 1',
  ],
  [
    'after a revert: touched, as soon as writes are far enough apart',
    facts({ ...staged, reverts: 1 }, published({ unchangedForMs: TIMING.spacingMs })),
    'touch 7',
  ],
  [
    'after a revert and the touch: another canary',
    facts({ ...staged, reverts: 1 }, published({ touch: '7' })),
    'Canary Keep b 1',
  ],
  [
    'after too many: a long pause',
    facts({ ...staged, reverts: MOST_REVERTS }, published({ touch: '7', unchangedForMs: TIMING.settleMs })),
    `wait ${TIMING.degradedMs}`,
  ],
  [
    'after too many, and the current one is about to end',
    facts({ ...staged, reverts: MOST_REVERTS }, { ...published({ touch: '7' }), ...ending(TIMING.lastCallMs - 1) }),
    'Canary Keep b 3',
  ],
  [
    'after too many, and the current one has its time',
    facts(
      { ...staged, reverts: MOST_REVERTS },
      { ...published({ touch: '7', unchangedForMs: TIMING.settleMs }), ...ending(TIMING.lastCallMs) },
    ),
    `wait ${TIMING.degradedMs}`,
  ],
  ['after too many, and nothing to lose', facts({ ...staged, reverts: MOST_REVERTS }, expired), 'Promoted Promote - 0'],

  ['the canary proved it', facts(canary), 'Promoted Promote - 0'],
  [
    'the canary has served just long enough',
    facts(canary, { replicas: [replica('a', 'next', { servedForMs: TIMING.canaryMs })] }),
    'Promoted Promote - 0',
  ],
  [
    'the canary has not served long enough',
    facts(canary, { replicas: [replica('a', 'next', { servedForMs: TIMING.canaryMs - 1 })] }),
    'wait 1',
  ],
  [
    'the configuration was written meanwhile',
    facts(canary, published({ unchangedForMs: TIMING.settleMs - 1 })),
    'wait 1',
  ],
  [
    'a new replica is blind',
    facts(canary, { replicas: [replica('a', 'next'), replica('b', 'current', { trustsPublished: false })] }),
    'wait',
  ],
  ['the canary is refused', facts({ ...canary, reverts: 1 }, { refusals: 1 }), 'Staged Keep - 2'],
  [
    'the canary is refused, but the current one is about to end',
    facts(canary, { refusals: 1, ...ending(TIMING.lastCallMs - 1) }),
    'Promoted Promote - 0',
  ],
  ['the canary has gone', facts({ ...canary, reverts: 1 }, { replicas: [replica('b', 'current')] }), 'Staged Keep - 1'],
  ['the canary has died', facts(canary, { replicas: [replica('a', 'next', { live: false })] }), 'Staged Keep - 0'],
  ['the canary has not begun', facts(canary, { replicas: [replica('a', 'current')], inPhaseForMs: 0 }), 'wait'],
  [
    'the canary serves, but as of an older state',
    facts(canary, { replicas: [replica('a', 'next', { seq: 6 })], inPhaseForMs: 0 }),
    'wait',
  ],
  [
    'the patience with the canary ends',
    facts(canary, { replicas: [replica('a', 'current')], inPhaseForMs: TIMING.canaryPatienceMs }),
    'Staged Keep - 1',
  ],
  ['the canary never begins', facts(canary, { replicas: [replica('a', 'current')] }), 'Staged Keep - 1'],
  ['the next one is spoilt meanwhile', facts(canary, spoilt), 'Staged Keep - 0'],
  ['the next one is gone meanwhile', facts(canary, { next: undefined }), 'Staged Keep - 0'],
  [
    'nothing to lose, and published just long enough',
    facts(canary, { ...expired, ...published({ unchangedForMs: TIMING.emergencySettleMs }) }),
    'Promoted Promote - 0',
  ],
  ['nothing to lose any more', facts(canary, { ...expired, refusals: 3 }), 'Promoted Promote - 0'],
  [
    'nothing to lose, but published this moment',
    facts(canary, { ...expired, ...published({ unchangedForMs: 0 }) }),
    `wait ${TIMING.emergencySettleMs}`,
  ],

  ['drained', facts(promoted), 'Narrowing Keep - 0'],
  ['drained just long enough', facts(promoted, { inPhaseForMs: TIMING.drainMs }), 'Narrowing Keep - 0'],
  ['the current one was lost: old trust stays', facts(promoted, { current: undefined }), 'wait'],
  ['promoted a moment ago', facts(promoted, { inPhaseForMs: TIMING.drainMs - 1 }), 'wait 1'],
  [
    'a replica serves the old one',
    facts(promoted, { replicas: [replica('a', 'current'), replica('b', 'old')] }),
    'wait',
  ],
  ['a replica has not followed', facts(promoted, { replicas: [replica('a', 'current', { seq: 6 })] }), 'wait'],
  [
    'a dead replica does not count',
    facts(promoted, { replicas: [replica('a', 'old', { live: false, servedForMs: 0 })] }),
    'Narrowing Keep - 0',
  ],
  [
    'seen once is not enough',
    facts(promoted, { replicas: [replica('a', 'current', { servedForMs: TIMING.steadyMs - 1 })] }),
    'wait 1',
  ],
  [
    'every replica has to be seen for long enough',
    facts(promoted, {
      replicas: [replica('a', 'current'), replica('b', 'current', { servedForMs: TIMING.steadyMs - 1 })],
    }),
    'wait 1',
  ],
  [
    'nobody ever refused, whatever the times say',
    facts(promoted, { lastRefusalAgoMs: 0, inPhaseForMs: TIMING.drainMs }),
    'Narrowing Keep - 0',
  ],
  [
    'refused for long, but no longer: no touch',
    facts(promoted, { refusals: 9, lastRefusalAgoMs: TIMING.touchAfterMs }),
    'Narrowing Keep - 0',
  ],
  [
    'refused a moment ago',
    facts(promoted, {
      refusals: 1,
      lastRefusalAgoMs: TIMING.steadyMs - 1,
      firstRefusalAgoMs: TIMING.steadyMs - 1,
      inPhaseForMs: TIMING.drainMs,
    }),
    'wait 1',
  ],
  [
    'refused on and on: old trust goes in the end',
    facts(promoted, {
      refusals: 9,
      lastRefusalAgoMs: 0,
      firstRefusalAgoMs: 0,
      inPhaseForMs: TIMING.degradedMs,
    }),
    'Narrowing Keep - 0',
  ],
  [
    'refused for long: touched',
    facts(promoted, { refusals: 9, lastRefusalAgoMs: 0, firstRefusalAgoMs: TIMING.touchAfterMs }),
    'touch 7.1',
  ],
  [
    'refused on and on: touched again, later',
    facts(promoted, {
      refusals: 9,
      lastRefusalAgoMs: 0,
      firstRefusalAgoMs: TIMING.touchAfterMs * 4,
      ...published({ touch: '7.2' }),
    }),
    'touch 7.3',
  ],
  [
    'refused on and on: not yet',
    facts(promoted, {
      refusals: 9,
      inPhaseForMs: TIMING.degradedMs - 1,
      lastRefusalAgoMs: 0,
      firstRefusalAgoMs: TIMING.touchAfterMs * 4 - 1,
      ...published({ touch: '7.2' }),
    }),
    `wait ${TIMING.steadyMs}`,
  ],
  [
    'the touch of an older phase does not count',
    facts(promoted, {
      refusals: 9,
      lastRefusalAgoMs: 0,
      firstRefusalAgoMs: TIMING.touchAfterMs,
      ...published({ touch: '6.5' }),
    }),
    'touch 7.1',
  ],

  ['narrowed', facts(narrowing), 'Stable DropPrevious - 0'],
];

describe('the next step of a rollover', () => {
  for (const [name, input, step] of TABLE) {
    test(`${input.state.phase}: ${name}`, () => assert.equal(told(nextRolloverStep(input, TIMING)), step));
  }

  test('every stored step counts up', () => {
    for (const [, input] of TABLE) {
      const step = nextRolloverStep(input, TIMING);
      if (step.step === 'Store') assert.equal(step.state.seq, input.state.seq + 1);
    }
  });

  test('only the canary serves the next certificate, and only in its phase', () => {
    for (const phase of ['Stable', 'Staged', 'Promoted', 'Narrowing'] as const) {
      assert.equal(sideToServe({ phase, seq: 1, reverts: 0, canary: 'a' }, 'a'), 'Current');
    }
    assert.equal(sideToServe({ ...canary, seq: 1, reverts: 0 }, 'a'), 'Next');
    assert.equal(sideToServe({ ...canary, seq: 1, reverts: 0 }, 'b'), 'Current');
  });

  test('old trust is kept until the phase says that it goes', () => {
    const keeping = (['Stable', 'Staged', 'Canary', 'Promoted', 'Narrowing'] as const).filter(trustsPrevious);
    assert.deepEqual(keeping, ['Staged', 'Canary', 'Promoted']);
  });

  test('the phase in words', () => {
    const words = TABLE.map(([, input]) => phaseOf(input));
    assert.deepEqual(new Set(words), new Set(['Stable', 'Widening', 'Settling', 'Canary', 'Draining', 'Narrowing']));
    assert.equal(phaseOf(facts(staged, published({ asWanted: false }))), 'Widening');
    assert.equal(phaseOf(facts(staged)), 'Settling');
  });
});

test('what an operator of another version marked in a hurry is touched', () => {
  assert.equal(told(nextRolloverStep(facts({}, published({ touch: 'hurried' })), TIMING)), 'touch 7');
});
