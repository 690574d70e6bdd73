/** A Job completes when every container of its pod has ended, and a plain sidecar never does. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import type { Blueprint } from './blueprint.ts';
import { mapAt, member, objectsAt } from './json.ts';

/** Labels that the Job controller gives its pods, the second before Kubernetes 1.27. */
const JOB_LABELS = ['batch.kubernetes.io/job-name', 'job-name'];

function isOfJob(pod: JsonObject): boolean {
  const owners = objectsAt(pod, ['metadata', 'ownerReferences']);
  if (owners.some((owner) => member(owner, 'kind') === 'Job' && groupOf(owner) === 'batch')) return true;
  const labels = mapAt(pod, ['metadata', 'labels']);
  return JOB_LABELS.some((label) => Object.hasOwn(labels, label));
}

function groupOf(owner: JsonObject): string | undefined {
  return String(member(owner, 'apiVersion')).split('/', 1)[0];
}

/** Whether the pod belongs to a Job and gets a sidecar that is no native one. */
export function keepsJobRunning(pod: JsonObject, { additions }: Blueprint): boolean {
  return additions.some(({ list }) => list === 'containers') && isOfJob(pod);
}
