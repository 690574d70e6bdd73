/** What a write does to the model: compare-and-swap has been seen to by whoever calls. */
import { sideToServe, type Move, type RolloverState } from '../../src/domain/rollover.ts';
import type { Bundle, Leader, Stored, World } from './state.ts';
import { TIMING } from './state.ts';

export const withLeader = (world: World, index: number, leader: Leader): World => ({
  ...world,
  leaders: world.leaders.with(index, leader),
});

/** The Secret is written; every watch has it to bring. */
export const store = (world: World, secret: Stored): World => {
  const { stuck, broken } = world;
  const { state, current, next } = secret;
  const refused = secret.current !== world.secret.current && stuck !== undefined && !stuck.includes(secret.current);
  return {
    ...world,
    secret,
    replicas: world.replicas.map((replica) => {
      const serves = sideToServe(state, replica.name) === 'Next' ? (next ?? current) : current;
      return { ...replica, unread: [...replica.unread, { seq: state.seq, serves }] };
    }),
    leaders: world.leaders.map((leader) => ({ ...leader, secretIsFresh: false })),
    broken: refused ? [...broken, 'a certificate that an API server refuses was promoted'] : broken,
  };
};

/** The configuration is written; API servers may hold the one before for a while. */
export const publish = (world: World, bundle: Omit<Bundle, 'version'>): World => {
  const { bundle: old, bundleAge } = world;
  const ours = !old.byHand && !bundle.byHand;
  const same = old.anchors.join() === bundle.anchors.join() && old.touch === bundle.touch;
  const quick = bundleAge < TIMING.spacingMs;
  return {
    ...world,
    bundle: { ...bundle, version: old.version + 1 },
    bundleAge: 0,
    held: old.byHand ? world.held : [...world.held, { anchors: old.anchors, age: 0 }],
    stuck: world.missesNext && ours ? old.anchors : undefined,
    missesNext: world.missesNext && !ours,
    leaders: world.leaders.map((leader) => ({ ...leader, bundleIsFresh: false })),
    broken: [
      ...world.broken,
      ...(ours && same ? ['a write that changes nothing'] : []),
      ...(ours && quick ? ['two quick writes of one configuration'] : []),
    ],
  };
};

/** What becomes of the certificates in the Secret. */
export const moved = (stored: Stored, state: RolloverState, move: Move): Stored => {
  const { next, current, previous } = stored;
  switch (move) {
    case 'Promote':
      return next === undefined
        ? { ...stored, state }
        : { state, current: next, next: undefined, previous: [...new Set([...previous, current])] };
    case 'DropNext':
      return { ...stored, state, next: undefined };
    case 'DropPrevious':
      return { ...stored, state, previous: [] };
    case 'Keep':
    default:
      return { ...stored, state };
  }
};
