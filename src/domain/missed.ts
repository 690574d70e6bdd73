/** Why a running pod has no sidecar although it should have one, or seems to want one: what people read in an Event. Pure. */
import { findCondition } from '../api/v1alpha1/conditions.ts';
import { rolloutOf, selectionOf, webhookOf } from '../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { misspeltKey, wishOf } from './annotation.ts';
import type { Decision } from './decide.ts';
import type { PodFacts } from './pods.ts';

/** Beside the pod, what may tell why it was missed. */
export interface MissedFacts {
  pod: Pick<PodFacts, 'createdAt' | 'namespace'>;
  injector: SidecarInjector;
  /** When the namespace got the labels that select it, in milliseconds since the epoch, if somebody saw that. */
  selectedAt?: number | undefined;
  /** What would become of the pod as it is; left out where it could not be read. */
  decision?: Pick<Decision, 'reason' | 'message'> | undefined;
}

const time = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;

/** The cause, as a part of a sentence. */
export function whyMissed({ pod, injector, selectedAt, decision }: MissedFacts): string {
  if (decision !== undefined && decision.reason !== 'injected') return `${decision.reason}: ${decision.message}`;
  const injectorAt = Date.parse(injector.metadata.creationTimestamp ?? '');
  const createdAt = time(pod.createdAt);
  const older = 'the pod is older than the SidecarInjector';
  if (pod.createdAt < injectorAt) return older;
  if (selectedAt !== undefined && pod.createdAt <= selectedAt) {
    return `namespace ${pod.namespace} was labelled later, at ${time(selectedAt)}`;
  }
  // The API server's times are whole seconds: within one, a label that was seen to come later is the surer cause.
  if (pod.createdAt === injectorAt) return older;
  const ready = findCondition(injector.status?.conditions, 'Ready');
  if (ready?.status !== 'True')
    return `the injector is not Ready: ${ready?.message ?? 'it has not been looked at yet'}`;
  if (pod.createdAt <= Date.parse(ready.lastTransitionTime)) {
    return `the injector was not Ready at ${createdAt}, when the pod was created; it is since ${ready.lastTransitionTime}`;
  }
  const { failurePolicy } = webhookOf(injector);
  return failurePolicy === 'Ignore'
    ? `at ${createdAt} the API server got no answer from the webhook, or none in time, and let the pod pass (failurePolicy Ignore)`
    : `the API server did not ask the webhook at ${createdAt}: perhaps its configuration had been deleted or changed then`;
}

/** What to do about it. */
export function cureOf(injector: SidecarInjector, why: string): string {
  if (/^[a-z_]+: /.test(why)) return 'a restart does not help before that is changed';
  return rolloutOf(injector).mode === 'Restart'
    ? 'the rollout restarts it'
    : 'restart the workload, or set spec.rollout.mode to Restart';
}

/** Annotations of a workload, which pods do not get: these come from its template. */
export interface OwnerFacts {
  kind: string;
  name: string;
  annotations: Readonly<Record<string, string>>;
}

/** A sign that somebody wanted the sidecar for a pod that did not ask for it; undefined where there is none. */
export function slipOf(
  pod: Pick<PodFacts, 'annotations'>,
  injector: SidecarInjector,
  known: ReadonlySet<string>,
  owners: readonly OwnerFacts[],
): { reason: 'AnnotationMisspelt' | 'AnnotationMisplaced'; note: string } | undefined {
  const { annotation } = selectionOf(injector);
  const misspelt = misspeltKey(pod.annotations, annotation, known);
  const wanted = `SidecarInjector ${injector.metadata.name} listens to ${annotation}`;
  if (misspelt !== undefined) {
    return { reason: 'AnnotationMisspelt', note: `no sidecar: the pod has annotation ${misspelt}, and ${wanted}` };
  }
  for (const { kind, name, annotations } of owners) {
    const wish = wishOf(annotations, annotation);
    if (wish.kind !== 'value' || !wish.wanted) continue;
    const note = `no sidecar: annotation ${annotation} is on ${kind} ${name} itself, where pods do not get it: put it into spec.template.metadata.annotations`;
    return { reason: 'AnnotationMisplaced', note };
  }
  return undefined;
}
