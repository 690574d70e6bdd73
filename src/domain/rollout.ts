/**
 * Which pods to evict next, so that their workloads make new ones with the template in force (spec.rollout). Pure. The rules:
 * only pods of a controller that is known to make new ones; never more of them down than maxUnavailable; never more evictions
 * in a minute than maxPerMinute; the first pod of a workload goes alone, and the others follow only when what came instead is
 * as it should be; a workload whose new pods are no better is left alone, longer each time.
 */
import type { Rollout } from '../api/v1alpha1/types.ts';
import { EVICTION_WINDOW_MS, isNew, MAX_ATTEMPTS, settle, type Attempt } from './rollout-attempts.ts';

/** A controller that makes a new pod when one goes. */
export interface Workload {
  uid: string;
  namespace: string;
  kind: string;
  name: string;
}

export interface RolloutPod {
  uid: string;
  namespace: string;
  name: string;
  state: 'Current' | 'Outdated' | 'Missed';
  /** Milliseconds since the epoch, by the API server's clock, in whole seconds. */
  createdAt: number;
  workload: Workload;
}

/** How a workload does. */
export interface WorkloadLook {
  /** Pods that it should have, and that are not ready. */
  down: number;
  /** Uids of its pods that are surely not ready: nobody loses by their eviction. */
  unready: ReadonlySet<string>;
}

export interface RolloutFacts {
  /** Milliseconds since the epoch. */
  now: number;
  /** Of the template in force. */
  revision: string;
  maxUnavailable: number;
  maxPerMinute: number;
  /** Pods of workloads; none that is being deleted. */
  pods: readonly RolloutPod[];
  /** By the uids of workloads; those without are not restarted now. */
  looks: ReadonlyMap<string, WorkloadLook>;
  attempts: readonly Attempt[];
  /** When pods were evicted; as many as matter. */
  evictions: readonly number[];
  /** Uids of workloads that a disruption budget protects for now. */
  held: ReadonlySet<string>;
}

export interface RolloutPlan {
  evict: readonly RolloutPod[];
  /** To be remembered before the first eviction. */
  attempts: readonly Attempt[];
  /** What more evictions wait for. */
  waits: readonly Wait[];
}

export type Wait = 'Rate' | 'Unavailable' | 'Replacement' | 'NotHelping' | 'Budget' | 'Look';

/** The controllers whose pods are evicted: they make a new one from their template at once. A Job counts it as a failure. */
const RESTARTABLE: ReadonlyMap<string, string> = new Map([
  ['ReplicaSet', 'apps/'],
  ['StatefulSet', 'apps/'],
  ['DaemonSet', 'apps/'],
  ['ReplicationController', 'v1'],
]);

/** The workload of a pod; undefined for one that nothing known would make anew, which is never evicted. */
export function workloadOf(
  namespace: string,
  controller: { apiVersion: string; kind: string; name: string; uid: string } | undefined,
): Workload | undefined {
  if (controller === undefined) return undefined;
  const { apiVersion, kind, name, uid } = controller;
  const group = RESTARTABLE.get(kind);
  return group !== undefined && apiVersion.startsWith(group) ? { uid, namespace, kind, name } : undefined;
}

/** maxUnavailable as a number; a percentage is of `matched`, rounded down, and at least 1. */
export function unavailableLimit(value: Required<Rollout>['maxUnavailable'], matched: number): number {
  if (typeof value === 'number') return Math.max(1, Math.floor(value));
  const percent = Number(value.replace(/%$/, ''));
  return Number.isFinite(percent) ? Math.max(1, Math.floor((matched * percent) / 100)) : 1;
}

export const needsRestart = ({ state }: RolloutPod): boolean => state !== 'Current';

interface Course {
  workload: Workload;
  attempt: Attempt | undefined;
  candidates: readonly RolloutPod[];
  /** What came instead of what was evicted is as it should be: the others may follow. */
  proven: boolean;
  wait: Wait | undefined;
}

/** Each workload with pods to be restarted or just restarted; those in the middle of it first. */
function coursesOf(facts: RolloutFacts): { courses: Course[]; attempts: Attempt[] } {
  const pods = Map.groupBy(facts.pods, ({ workload }) => workload.uid);
  const settled = facts.attempts.flatMap(
    (attempt) => settle(attempt, pods.get(attempt.workload.uid) ?? [], facts) ?? [],
  );
  const attempts = new Map(settled.map((attempt) => [attempt.workload.uid, attempt]));
  const courses = [...pods.values()].flatMap((group): Course[] => {
    const candidates = group.filter((pod) => needsRestart(pod)).toSorted(byName);
    const [first] = candidates;
    if (first === undefined) return [];
    const { workload } = first;
    const attempt = attempts.get(workload.uid);
    const proven = attempt !== undefined && attempt.retryAt === undefined && group.some((pod) => isNew(pod, attempt));
    const wait = waitOf(facts, attempt, proven, workload);
    return [{ workload, attempt, candidates, proven, wait }];
  });
  courses.sort(
    (one, other) =>
      Number(other.attempt !== undefined) - Number(one.attempt !== undefined) || byName(one.workload, other.workload),
  );
  return { courses, attempts: settled };
}

function waitOf(
  { now, held }: RolloutFacts,
  attempt: Attempt | undefined,
  proven: boolean,
  { uid }: Workload,
): Wait | undefined {
  if (attempt?.retryAt !== undefined && now < attempt.retryAt) return 'NotHelping';
  if (attempt !== undefined && attempt.retryAt === undefined && !proven) return 'Replacement';
  return held.has(uid) ? 'Budget' : undefined;
}

function byName(one: { namespace: string; name: string }, other: { namespace: string; name: string }): number {
  const [a, b] = [`${one.namespace}/${one.name}`, `${other.namespace}/${other.name}`];
  return a < b ? -1 : 1;
}

/** The workloads whose state a plan depends on: those in the middle of it, and the next `more` ones. */
export function worthALook(facts: RolloutFacts, more: number): Workload[] {
  const { courses, attempts } = coursesOf(facts);
  const open = new Map(attempts.map(({ workload }) => [workload.uid, workload]));
  const next = courses.filter(({ workload, wait }) => wait === undefined && !open.has(workload.uid)).slice(0, more);
  return [...open.values(), ...next.map(({ workload }) => workload)];
}

/** All that may be evicted now. */
export function planRollout(facts: RolloutFacts): RolloutPlan {
  const { now, looks, maxPerMinute, maxUnavailable } = facts;
  const { courses, attempts: settled } = coursesOf(facts);
  const attempts = new Map(settled.map((attempt) => [attempt.workload.uid, attempt]));
  const recent = facts.evictions.filter((instant) => instant >= now - EVICTION_WINDOW_MS).length;
  let left = maxPerMinute - recent;
  let down = sum(settled.map(({ workload }) => looks.get(workload.uid)?.down ?? 0));
  const evict: RolloutPod[] = [];
  const waits = new Set<Wait>();

  for (const { workload, attempt, candidates, proven, wait } of courses) {
    const look = looks.get(workload.uid);
    if (wait !== undefined || look === undefined) {
      waits.add(wait ?? 'Look');
      continue;
    }
    const isUnready = ({ uid }: RolloutPod): boolean => look.unready.has(uid);
    const inOrder = [...candidates.filter((pod) => isUnready(pod)), ...candidates.filter((pod) => !isUnready(pod))];
    const begins = attempt === undefined;
    if (begins && attempts.size >= MAX_ATTEMPTS) waits.add('Replacement');
    else {
      for (const pod of proven ? inOrder : inOrder.slice(0, 1)) {
        const before = down + (begins ? look.down : 0);
        const after = before + (isUnready(pod) ? 0 : 1);
        if (left <= 0) waits.add('Rate');
        else if (after > maxUnavailable && after > before) waits.add('Unavailable');
        else {
          evict.push(pod);
          left -= 1;
          down = after;
          attempts.set(workload.uid, extended(facts, attempts.get(workload.uid), pod, proven, look));
        }
      }
    }
  }
  return { evict, attempts: [...attempts.values()], waits: [...waits] };
}

/** The attempt with one more pod in it, or a new one. */
function extended(
  { now, revision, pods }: RolloutFacts,
  attempt: Attempt | undefined,
  { workload }: RolloutPod,
  proven: boolean,
  { down }: WorkloadLook,
): Attempt {
  if (attempt !== undefined && proven) return { ...attempt, evicted: attempt.evicted + 1 };
  const own = pods.filter((pod) => pod.workload.uid === workload.uid);
  return {
    workload,
    revision,
    startedAt: now,
    newestAt: Math.max(...own.map(({ createdAt }) => createdAt)),
    before: new Set(own.map(({ uid }) => uid)),
    evicted: 1,
    downBefore: attempt?.downBefore ?? down,
    failures: attempt?.failures ?? 0,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
