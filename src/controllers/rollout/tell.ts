/** Events of a rollout: on the injector when it begins to stand otherwise, and on each workload that loses a pod to it. */
import { Reason, type ConditionUpdate } from '../../api/v1alpha1/conditions.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { RolloutPod } from '../../domain/rollout.ts';
import { apiVersionOf } from '../../kube/resources.ts';
import { recordEvent } from '../injector/events.ts';
import type { RolloutContext } from './context.ts';
import { WORKLOADS } from './looks.ts';

const TOLD: ReadonlySet<string> = new Set([
  Reason.UpToDate,
  Reason.NotPermitted,
  Reason.NotHelping,
  Reason.NotRestartable,
]);

/** One Event when the condition has another reason than before, if people want to hear of it. */
export function tellTransition(
  context: Pick<RolloutContext, 'events'>,
  injector: SidecarInjector,
  before: { reason: string } | undefined,
  { type, status, reason, message }: ConditionUpdate,
): void {
  if (before?.reason === reason || !TOLD.has(reason)) return;
  // That all is well from the start is no news.
  if (before === undefined && status === 'True') return;
  const kind = status === 'True' ? 'Normal' : 'Warning';
  recordEvent(context, injector, { type: kind, reason, action: 'Rollout', note: `${type}: ${message}` });
}

/** Why the workload makes a new pod now. */
export function tellEviction(
  { events }: Pick<RolloutContext, 'events'>,
  injector: SidecarInjector,
  pod: RolloutPod,
): void {
  const { kind, name, namespace, uid } = pod.workload;
  const resource = WORKLOADS[kind];
  if (resource === undefined) return;
  const why = pod.state === 'Outdated' ? 'had an older sidecar' : 'had no sidecar';
  events.record({
    regarding: { apiVersion: apiVersionOf(resource), kind, name, namespace, uid },
    type: 'Normal',
    reason: 'PodEvicted',
    action: 'Rollout',
    note: `evicted pod ${pod.name}, which ${why} of SidecarInjector ${injector.metadata.name}; a new one gets it`,
  });
}
