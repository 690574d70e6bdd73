/** What there is in the model of a rollover. Certificates and their only anchors are small numbers; time is counted in ticks. */
import { STABLE, trustsPrevious, type RolloverState, type RolloverTiming } from '../../src/domain/rollover.ts';

/** A certificate is known by the number of its only anchor. */
export interface Stored {
  state: RolloverState;
  current: number;
  next: number | undefined;
  previous: readonly number[];
}

export interface Bundle {
  version: number;
  anchors: readonly number[];
  touch: string | undefined;
  /** Somebody else wrote it. */
  byHand: boolean;
}

/** What a process has watched stay as it is: for how long until its last look, and until now. */
export interface Watched {
  value: string;
  knownFor: number;
  since: number;
}

export interface Leader {
  bundle: Bundle | undefined;
  /** Nobody has written since it read: its write will be taken. */
  bundleIsFresh: boolean;
  secret: Stored | undefined;
  secretIsFresh: boolean;
  watched: Readonly<Record<string, Watched>>;
  /** Refusals since it first saw this `seq`; and ticks since the last of them. */
  refused: boolean;
  refusedAgo: number;
  unheard: boolean;
}

export interface Replica {
  name: string;
  /** What versions of the Secret tell it that its watch has still to bring. */
  unread: readonly { seq: number; serves: number }[];
  seq: number;
  serves: number;
  /** What the leaders know; undefined before the first report. */
  report: { seq: number; served: number } | undefined;
  reportAge: number;
}

/** What may still happen, so that the model stays finite. */
export interface Budget {
  /** Writes of the Secret. A rollover takes five; each canary that comes to nothing takes two more. */
  secretWrites: number;
  rollovers: number;
  crashes: number;
  restarts: number;
  edits: number;
  missedWrites: number;
}

export interface World {
  secret: Stored;
  bundle: Bundle;
  bundleAge: number;
  /** What API servers that are late may still hold. */
  held: readonly { anchors: readonly number[]; age: number }[];
  /** What one API server holds that lost a write (reference/certs.md 1.4), until the write after that. */
  stuck: readonly number[] | undefined;
  missesNext: boolean;
  replicas: readonly Replica[];
  leaders: readonly Leader[];
  budget: Budget;
  anchors: number;
  names: number;
  /** Rules that the last move broke. */
  broken: readonly string[];
}

/** Ticks for milliseconds. What matters is the order: new trust settles longer than any API server is late. */
export const TIMING: RolloverTiming = {
  spacingMs: 1,
  settleMs: 2,
  emergencySettleMs: 2,
  canaryMs: 1,
  canaryPatienceMs: 2,
  degradedMs: 0,
  lastCallMs: 0,
  drainMs: 2,
  steadyMs: 1,
  touchAfterMs: 1,
  lookAgainMs: 1,
};
/** So late an API server may use what was published. */
export const LAG = 1;
/** So late the leaders may hear of a replica: less than old trust outlives a promotion. */
export const REPORT_LAG = 1;
/** Longer than any barrier: older is as good as this. */
export const OLDEST = 2;

export const newLeader = (): Leader => ({
  bundle: undefined,
  bundleIsFresh: false,
  secret: undefined,
  secretIsFresh: false,
  watched: {},
  refused: false,
  refusedAgo: OLDEST,
  unheard: false,
});

/** One certificate, stable, published, and served by all. */
export const newWorld = (replicas: number, leaders: number, budget: Budget): World => ({
  secret: { state: STABLE, current: 0, next: undefined, previous: [] },
  bundle: { version: 0, anchors: [0], touch: undefined, byHand: false },
  bundleAge: OLDEST,
  held: [],
  stuck: undefined,
  missesNext: false,
  replicas: Array.from({ length: replicas }, (_, index) => ({
    name: `r${index}`,
    unread: [],
    seq: 0,
    serves: 0,
    report: { seq: 0, served: 0 },
    reportAge: 0,
  })),
  leaders: Array.from({ length: leaders }, newLeader),
  budget,
  anchors: 1,
  names: replicas,
  broken: [],
});

/** caBundle as it follows from the Secret (certs.md 3.1). */
export const wantedAnchors = ({ state, current, next, previous }: Stored): number[] => {
  const anchors = [current, ...(next === undefined ? [] : [next]), ...(trustsPrevious(state.phase) ? previous : [])];
  return [...new Set(anchors)].toSorted((a, b) => a - b);
};

export const isSettled = ({ secret, bundle, replicas, stuck }: World): boolean =>
  secret.state.phase === 'Stable' &&
  secret.next === undefined &&
  secret.previous.length === 0 &&
  (stuck === undefined || stuck.includes(secret.current)) &&
  bundle.anchors.join() === wantedAnchors(secret).join() &&
  replicas.every(({ serves }) => serves === secret.current);

/** Who leads first does not matter: states that differ in that alone are one. */
export const keyOf = ({ leaders, ...world }: World): string =>
  JSON.stringify([world, leaders.map((leader) => JSON.stringify(leader)).toSorted()]);
