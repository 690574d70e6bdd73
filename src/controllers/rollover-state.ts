/** What a step of a rollover makes of the state in the Secret. */
import type { Move, RolloverState } from '../domain/rollover.ts';
import { anchorsOf } from './identity.ts';
import { caBundle, trustedAnchors } from '../domain/trust.ts';
import type { SecretState, StoredIdentity } from './secret.ts';

/** PEM texts as one, each anchor once. */
export function unionOfAnchors(...texts: string[]): string {
  return caBundle(trustedAnchors(texts.map(anchorsOf)));
}

/** Do both texts hold the same anchors? */
export function sameAnchors(one: string, other: string): boolean {
  return unionOfAnchors(one) === unionOfAnchors(other);
}

/** The next certificate is stored; nobody serves it yet. Old trust that was on its way out does not come back. */
export function stage(state: SecretState, next: StoredIdentity): SecretState {
  const narrowing = state.rollover.phase === 'Narrowing';
  return {
    ...state,
    next,
    previousAnchors: narrowing ? '' : state.previousAnchors,
    pendingKey: '',
    pendingWish: '',
    attempt: 0,
    rollover: { phase: 'Staged', seq: state.rollover.seq + 1, reverts: 0 },
  };
}

/** The state after a step of the rollover. */
export function moveState(state: SecretState, rollover: RolloverState, move: Move): SecretState {
  switch (move) {
    case 'Promote':
      if (state.next === undefined) return { ...state, rollover };
      return {
        ...state,
        ...state.next,
        next: undefined,
        previousAnchors: unionOfAnchors(state.previousAnchors, state.anchors),
        rollover,
      };
    case 'DropNext':
      return { ...state, next: undefined, rollover };
    case 'DropPrevious':
      return { ...state, previousAnchors: '', rollover };
    case 'Keep':
    default:
      return { ...state, rollover };
  }
}

/**
 * The state with an identity in it that a replica remembers. What was published besides its own anchors may be what other
 * replicas rely on: it goes on to be trusted until they serve this one.
 *
 * @param published the caBundle, PEM
 */
export function withRemembered(state: SecretState, remembered: StoredIdentity, published: string): SecretState {
  const trusted = unionOfAnchors(published, remembered.anchors);
  const { rollover, previousAnchors } = state;
  return {
    ...state,
    ...remembered,
    rollover: { ...rollover, seq: rollover.seq + 1 },
    previousAnchors: sameAnchors(trusted, remembered.anchors)
      ? previousAnchors
      : unionOfAnchors(previousAnchors, trusted),
  };
}
