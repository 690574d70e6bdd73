/**
 * What a running pod is to an injector, told from its metadata: the same checks as at its admission. What only the pod's spec
 * tells (a name that is taken) is not known here.
 */
import { modeOf, selectionOf } from '../api/v1alpha1/defaults.ts';
import { injectedLabel } from '../api/v1alpha1/names.ts';
import type { JsonObject, PodCounts, SidecarInjector } from '../api/v1alpha1/types.ts';
import { objection, type DecisionContext, type NamespaceFacts } from './decide.ts';
import type { ReasonCode } from './reasons.ts';
import type { AdmissionRequest } from './request.ts';

/** What metadata and selectors tell of a pod. */
export interface PodFacts {
  namespace: string;
  name: string;
  uid: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  hostNetwork: boolean;
  /** What will make another one when it goes. */
  controller?: { apiVersion: string; kind: string; name: string; uid: string } | undefined;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** Current, Outdated: has the sidecar, of this or of another revision. Missed: should have it. WouldHave: in mode Audit. */
export type PodState = 'Current' | 'Outdated' | 'Missed' | 'WouldHave' | 'NotSelected';

export interface PodView {
  state: PodState;
  /** Why it is not selected. */
  objection?: { reason: ReasonCode; detail: string };
}

const selecting = new WeakMap<SidecarInjector, SidecarInjector>();

/** The injector as if it injected now: what it selects does not depend on its mode. */
function enforced(injector: SidecarInjector): SidecarInjector {
  const known = selecting.get(injector);
  if (known !== undefined) return known;
  const made: SidecarInjector = { ...injector, spec: { ...injector.spec, mode: 'Enforce' } };
  selecting.set(injector, made);
  return made;
}

/** As much of the request that created the pod as is known. */
function requestFor({ uid, namespace, name, labels, annotations, hostNetwork }: PodFacts): AdmissionRequest {
  const object: JsonObject = { metadata: { name, labels, annotations }, spec: { hostNetwork, containers: [] } };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return { uid, kind, name, namespace, operation: 'CREATE', object };
}

/**
 * @param revision of the template in force; undefined where there is none yet: then nothing is outdated
 */
export function viewPod(
  pod: PodFacts,
  injector: SidecarInjector,
  namespace: NamespaceFacts,
  revision: string | undefined,
  context: DecisionContext,
): PodView {
  const found = objection(requestFor(pod), enforced(injector), namespace, context);
  if (found !== undefined) return { state: 'NotSelected', objection: found };
  const label = injectedLabel(injector.metadata.name);
  if (Object.hasOwn(pod.labels, label)) {
    return { state: revision === undefined || pod.labels[label] === revision ? 'Current' : 'Outdated' };
  }
  // Which pods these let through only the API server knows; without the label, they are taken not to.
  if (selectionOf(injector).matchConditions.length > 0) return { state: 'NotSelected' };
  return { state: modeOf(injector) === 'Audit' ? 'WouldHave' : 'Missed' };
}

export const POD_STATES = ['matched', 'injected', 'outdated', 'missed'] as const satisfies (keyof PodCounts)[];

/** How many pods there are in each state. */
export function countPods(states: Iterable<PodState>): PodCounts {
  const counts: PodCounts = { matched: 0, injected: 0, outdated: 0, missed: 0 };
  for (const state of states) {
    if (state === 'NotSelected') continue;
    counts.matched += 1;
    if (state === 'Current' || state === 'Outdated') counts.injected += 1;
    if (state === 'Outdated') counts.outdated += 1;
    if (state === 'Missed') counts.missed += 1;
  }
  return counts;
}
