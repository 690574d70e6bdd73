/** Facts about a rollover of which one thing after the other can be made different, for the tests of its steps. */
import type { ReplicaFacts, RolloverFacts, RolloverState } from '../../src/domain/rollover.ts';

export const LONG = 10_000_000;

export function replica(name: string, served: string, more: Partial<ReplicaFacts> = {}): ReplicaFacts {
  return { name, live: true, seq: 7, served, servedForMs: LONG, trustsPublished: true, ...more };
}

/** Facts in which nothing holds the step of this phase up. */
export function facts(state: Partial<RolloverState>, more: Partial<RolloverFacts> = {}): RolloverFacts {
  const served = state.phase === 'Canary' ? 'next' : 'current';
  return {
    state: { phase: 'Stable', seq: 7, reverts: 0, ...state },
    current: { fingerprint: 'current' },
    next: { fingerprint: 'next' },
    hasPrevious: false,
    published: { asWanted: true, altered: false, unchangedForMs: LONG, touch: undefined },
    replicas: [replica('a', served), replica('b', 'current')],
    refusals: 0,
    lastRefusalAgoMs: LONG,
    firstRefusalAgoMs: LONG,
    inPhaseForMs: LONG,
    ...more,
  };
}

export const published = (more: Partial<RolloverFacts['published']>): { published: RolloverFacts['published'] } => ({
  published: { asWanted: true, altered: false, unchangedForMs: LONG, touch: undefined, ...more },
});
/** The current certificate ends in `leftMs`. */
export const ending = (leftMs: number): Partial<RolloverFacts> => ({ current: { fingerprint: 'current', leftMs } });
export const expired = { current: { fingerprint: 'current', failure: 'expired' } };
export const spoilt = { next: { fingerprint: 'next', failure: 'expired' } };
export const staged = { phase: 'Staged' } as const;
export const canary = { phase: 'Canary', canary: 'a' } as const;
export const promoted = { phase: 'Promoted' } as const;
export const narrowing = { phase: 'Narrowing' } as const;
