/** What is remembered of a workload from which a pod was evicted, until what came instead is as it should be. Pure. */
import type { RolloutFacts, RolloutPod, Workload } from './rollout.ts';

export interface Attempt {
  workload: Workload;
  /** That the new pods should have. */
  revision: string;
  /** When the first pod was evicted, in milliseconds since the epoch, by our clock. */
  startedAt: number;
  /** When the youngest pod of the workload had been created, by the API server's clock. */
  newestAt: number;
  /** Uids of the pods that were there then. Known only to the process that evicted; others compare times. */
  before?: ReadonlySet<string>;
  evicted: number;
  /** Pods of the workload that were down when it began: for these nobody waits. */
  downBefore: number;
  /** How often what came was no better. */
  failures: number;
  /** Until then it is left alone, in milliseconds since the epoch; only after a failure. */
  retryAt?: number;
}

export const EVICTION_WINDOW_MS = 60_000;
/** With so many workloads that did not come back, something is wrong with all of them: no more are begun. */
export const MAX_ATTEMPTS = 100;
/** What has not come by then will not: the workload was scaled down, or is gone. */
const FORGET_MS = 600_000;
const FIRST_BACKOFF_MS = 300_000;
const LONGEST_BACKOFF_MS = 6 * 3_600_000;

/** Did this pod come instead of one that was evicted? */
export function isNew({ uid, createdAt }: RolloutPod, { before, newestAt }: Attempt): boolean {
  return before === undefined ? createdAt > newestAt : !before.has(uid);
}

/** How long a workload is left alone after so many failures, in milliseconds. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.max(0, failures - 1));
}

/**
 * The attempt as it stands now, seen from the workload's pods; undefined when there is nothing left to remember.
 */
export function settle(
  attempt: Attempt,
  pods: readonly RolloutPod[],
  { now, revision, looks }: Pick<RolloutFacts, 'now' | 'revision' | 'looks'>,
): Attempt | undefined {
  // Another template: what did not help before may help now.
  if (attempt.revision !== revision) return undefined;
  const came = pods.filter((pod) => isNew(pod, attempt));
  if (came.some(({ state }) => state !== 'Current')) {
    if (attempt.retryAt !== undefined) return attempt;
    const failures = attempt.failures + 1;
    return { ...attempt, failures, retryAt: now + backoffMs(failures) };
  }
  const allCame = came.length >= attempt.evicted;
  // Until they are ready too, they count among those that are down.
  const areUp = (looks.get(attempt.workload.uid)?.down ?? Infinity) <= attempt.downBefore;
  if (allCame && areUp && pods.every(({ state }) => state === 'Current')) return undefined;
  if (!allCame && areUp && now - attempt.startedAt >= FORGET_MS) return undefined;
  if (came.length === 0) return attempt;
  const { retryAt: _over, ...rest } = attempt;
  return { ...rest, failures: 0 };
}
