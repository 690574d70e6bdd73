/** What people are told of a rollover, where it starts, and how long it takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canary,
  expired,
  facts,
  LONG,
  narrowing,
  promoted,
  published,
  replica,
  spoilt,
  staged,
} from '../../test/support/rollover-facts.ts';
import {
  nextRolloverStep,
  pacedTiming,
  phaseOf,
  ROLLOVER_TIMING as TIMING,
  STABLE,
  type RolloverFacts,
} from './rollover.ts';

const blind = { replicas: [replica('b', 'current', { trustsPublished: false })] };
const notBegun = { replicas: [replica('a', 'current')], inPhaseForMs: 0 };

/** What status and events say of a step. */
const WORDS: [facts: RolloverFacts, words: RegExp][] = [
  [facts({}, { replicas: [replica('b', '')], inPhaseForMs: 0 }), /^b does not serve the first certificate/],
  [facts({}, published({ asWanted: false, unchangedForMs: 0 })), /two writes .* kept apart/],
  [facts(staged, published({ unchangedForMs: 0 })), /new trust reaches every API server/],
  [facts({ ...staged, reverts: 1 }, published({ unchangedForMs: 0 })), /two writes .* kept apart/],
  [facts(staged, blind), /^b has not seen the new trust/],
  [facts(staged, { replicas: [] }), /no replica reports/],
  [facts(staged), /^a serves the next certificate first/],
  [facts(staged, { next: undefined }), /next certificate is gone/],
  [facts(staged, spoilt), /next certificate expired/],
  [facts(staged, { ...spoilt, replicas: [replica('b', 'next')] }), /^b may still serve/],
  [facts(staged, expired), /current certificate is refused anyway/],
  [facts(canary, spoilt), /next certificate is no good/],
  [facts(canary, { ...expired, ...published({ unchangedForMs: 0 }) }), /new trust reaches every API server/],
  [facts(canary, expired), /current certificate is refused anyway/],
  [facts(canary, { refusals: 3, refusedBy: '10.0.0.1' }), /^10\.0\.0\.1 refused it, 3 handshakes/],
  [facts(canary, { refusals: 3 }), /^somebody refused it, 3 handshakes/],
  [facts(canary, { replicas: [] }), /canary a is gone/],
  [facts(canary, notBegun), /^a is about to serve/],
  [facts(canary, { ...notBegun, inPhaseForMs: LONG }), /^a never served it/],
  [facts(canary, { replicas: [replica('a', 'next', { servedForMs: 0 })] }), /^a proves the next certificate/],
  [facts(canary, { replicas: [replica('a', 'next'), ...blind.replicas] }), /^b has not seen the new trust/],
  [facts(canary), /next certificate is proven/],
  [facts(promoted, { replicas: [replica('b', 'old')] }), /^b does not serve the new certificate/],
  [facts(promoted, { inPhaseForMs: 0 }), /old trust stays/],
  [facts(promoted), /every replica serves the new certificate/],
  [facts(narrowing), /old trust is gone/],
];

for (const [input, words] of WORDS) {
  test(`people are told, ${input.state.phase}: ${words.source}`, () => {
    const step = nextRolloverStep(input, TIMING);
    assert.match(step.step === 'Store' ? step.why : step.step === 'Wait' ? step.reason : '', words);
  });
}

test('an injector starts without a rollover', () => {
  const start = facts(STABLE);
  assert.equal(phaseOf(start), 'Stable');
  assert.equal(nextRolloverStep({ ...start, inPhaseForMs: 0 }, TIMING).step, 'None');
  assert.deepEqual([start.state.seq, start.state.reverts], [0, 0]);
});

test('at a pace every time of the protocol is shorter alike, but nobody looks more often than each 20 ms', () => {
  const paced = Object.entries(pacedTiming(10));
  assert.deepEqual(
    paced.map(([name, ms]) => [name, ms * 10]),
    Object.entries(TIMING),
  );
  assert.equal(pacedTiming(1000).lookAgainMs, 20);
});
