/** The clusters that are searched: small ones in the tests, larger ones by `make model-check`. */
import { explore, type Exploration } from './explore.ts';
import type { Broken } from './leader.ts';
import { isCut, movesOf, violationOf } from './moves.ts';
import { isSettled, keyOf, newWorld, type Budget } from './state.ts';

export interface Size {
  replicas: number;
  leaders: number;
  budget: Partial<Budget>;
}

const QUIET: Budget = { secretWrites: 7, rollovers: 1, crashes: 0, restarts: 0, edits: 0, missedWrites: 0 };

export const SMALL = {
  'one replica, a canary that comes to nothing': { replicas: 1, leaders: 1, budget: {} },
  'a leader that crashes': { replicas: 1, leaders: 1, budget: { secretWrites: 5, crashes: 1 } },
  'a replica that is replaced': { replicas: 1, leaders: 1, budget: { secretWrites: 5, restarts: 1 } },
  'an API server that misses a write': { replicas: 1, leaders: 1, budget: { secretWrites: 6, missedWrites: 1 } },
} satisfies Record<string, Size>;

export const LARGE = {
  'two replicas': { replicas: 2, leaders: 1, budget: { secretWrites: 5 } },
  'two leaders': { replicas: 1, leaders: 2, budget: { secretWrites: 5 } },
  'two rollovers': { replicas: 1, leaders: 1, budget: { secretWrites: 10, rollovers: 2 } },
  'three crashes': { replicas: 1, leaders: 1, budget: { crashes: 3 } },
  'two replicas, one of which is replaced': { replicas: 2, leaders: 1, budget: { secretWrites: 5, restarts: 1 } },
  'an edit by hand': { replicas: 1, leaders: 1, budget: { edits: 1 } },
  'two leaders, one of which crashes': { replicas: 1, leaders: 2, budget: { secretWrites: 5, crashes: 1 } },
} satisfies Record<string, Size>;

/** Searches a cluster up to a number of states. */
export const search = ({ replicas, leaders, budget }: Size, limit: number, broken: Broken = {}): Exploration =>
  explore(
    {
      initial: newWorld(replicas, leaders, { ...QUIET, ...budget }),
      moves: (world) => movesOf(world, broken),
      violation: violationOf,
      isGoal: (world) => isSettled(world) || isCut(world),
      key: keyOf,
    },
    limit,
  );
