/** What is remembered of the rollout of one injector, and the part of it that another leader finds in the status. */
import type { RolloutAttempt, RolloutStatus, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { EVICTION_WINDOW_MS, type Attempt } from '../../domain/rollout-attempts.ts';

export interface Hold {
  /** Milliseconds since the epoch. */
  until: number;
  message: string;
}

export interface Memory {
  uid: string | undefined;
  /** The revision that was in force at the last look, and since when, by the monotonic clock. */
  revision: { value: string | undefined; since: number };
  attempts: readonly Attempt[];
  evictions: number[];
  /** Uids of pods that were evicted, as long as a cache still shows them. */
  evicted: Set<string>;
  /** Uids of new pods that were ready once. */
  seenReady: Set<string>;
  /** Uids of missed pods that a restart does not cure, and why. */
  hopeless: Map<string, string>;
  /** Uids of workloads that are left alone for a while: a disruption budget protects them, or an eviction failed. */
  held: Map<string, Hold>;
  notPermitted?: Hold;
}

/** As the last leader left it. What it evicted in its last minute counts as if it all had been at the end of that. */
export function recall(injector: SidecarInjector, now: number): Memory {
  const { lastEvictionTime, lastMinuteEvictions = 0, attempts = [] } = injector.status?.rollout ?? {};
  const last = Date.parse(lastEvictionTime ?? '');
  // The time is cut to seconds, and an eviction may have come a moment after it was written.
  const latest = Math.min(last + 10_000, now);
  return {
    uid: injector.metadata.uid,
    revision: { value: undefined, since: 0 },
    attempts: attempts.map((attempt) => attemptOf(attempt)),
    evictions: latest >= now - EVICTION_WINDOW_MS ? Array.from({ length: lastMinuteEvictions }, () => latest) : [],
    evicted: new Set(),
    seenReady: new Set(),
    hopeless: new Map(),
    held: new Map(),
  };
}

function attemptOf(stored: RolloutAttempt): Attempt {
  const { namespace, kind, name, uid, revision, startTime, newestPodTime = '', retryTime } = stored;
  return {
    workload: { namespace, kind, name, uid },
    revision,
    startedAt: Date.parse(startTime) || 0,
    newestAt: Date.parse(newestPodTime) || 0,
    evicted: stored.evicted ?? 1,
    downBefore: stored.downBefore ?? 0,
    failures: stored.failures ?? 0,
    ...(retryTime !== undefined && { retryAt: Date.parse(retryTime) || 0 }),
  };
}

/** What to store; undefined where there is nothing. */
export function rolloutStatus({
  attempts,
  evictions,
}: Pick<Memory, 'attempts' | 'evictions'>): RolloutStatus | undefined {
  const last = evictions.at(-1);
  if (last === undefined && attempts.length === 0) return undefined;
  return {
    ...(last !== undefined && { lastEvictionTime: seconds(last), lastMinuteEvictions: evictions.length }),
    ...(attempts.length > 0 && { attempts: attempts.map((attempt) => storedAttempt(attempt)) }),
  };
}

function storedAttempt({ workload, revision, startedAt, newestAt, retryAt, ...counts }: Attempt): RolloutAttempt {
  const { namespace, kind, name, uid } = workload;
  const { evicted, downBefore, failures } = counts;
  return {
    namespace,
    kind,
    name,
    uid,
    revision,
    startTime: seconds(startedAt),
    newestPodTime: seconds(newestAt),
    evicted,
    downBefore,
    failures,
    ...(retryAt !== undefined && { retryTime: seconds(retryAt) }),
  };
}

function seconds(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19)}Z`;
}

/** Forgets what is about pods that are gone, and what is over. */
export function tidy(memory: Memory, present: ReadonlySet<string>, now: number): void {
  for (const uids of [memory.evicted, memory.seenReady, memory.hopeless]) {
    for (const uid of uids.keys()) if (!present.has(uid)) uids.delete(uid);
  }
  for (const [uid, { until }] of memory.held) if (until <= now) memory.held.delete(uid);
  if (memory.notPermitted !== undefined && memory.notPermitted.until <= now) delete memory.notPermitted;
  // All that is in the status: so it does not change because time goes by.
  const last = memory.evictions.at(-1) ?? now;
  memory.evictions = memory.evictions.filter((instant) => instant >= last - EVICTION_WINDOW_MS);
}
