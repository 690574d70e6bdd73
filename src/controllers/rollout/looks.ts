/**
 * How the workloads do, asked of the API server. What a controller reports is a little late: it is believed only as far as the
 * pods that are known agree, and a pod that came since the first eviction counts as down until it was seen ready itself.
 */
import type { Attempt } from '../../domain/rollout-attempts.ts';
import { needsRestart, type RolloutPod, type Workload, type WorkloadLook } from '../../domain/rollout.ts';
import { isNew } from '../../domain/rollout-attempts.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Pod } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';

const apps = (plural: string, kind: string): ResourceRef => ({
  group: 'apps',
  version: 'v1',
  plural,
  namespaced: true,
  kind,
});

/** By kind: those of `workloadOf`. */
export const WORKLOADS: Readonly<Record<string, ResourceRef>> = {
  ReplicaSet: apps('replicasets', 'ReplicaSet'),
  StatefulSet: apps('statefulsets', 'StatefulSet'),
  DaemonSet: apps('daemonsets', 'DaemonSet'),
  ReplicationController: {
    group: '',
    version: 'v1',
    plural: 'replicationcontrollers',
    namespaced: true,
    kind: 'ReplicationController',
  },
};

interface Replicated extends KubeObject {
  spec?: { replicas?: number };
  status?: { readyReplicas?: number; desiredNumberScheduled?: number; numberReady?: number };
}

/** Of a workload that is not ready as a whole, so many pods are asked for. */
const MAX_ASKED = 10;

export interface LookParts {
  client: KubeClient;
  /** Pods that the injector is about and that are not being deleted. */
  pods: readonly RolloutPod[];
  /** How many pods a controller has in all, by its uid. */
  living: ReadonlyMap<string, number>;
  attempts: readonly Attempt[];
  /** Uids of new pods that were ready once; those that are now are added. */
  seenReady: Set<string>;
}

/** By the uids of the workloads. */
export async function lookAt(
  parts: LookParts,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<Map<string, WorkloadLook>> {
  const looks = workloads.map(async (workload): Promise<[string, WorkloadLook]> => {
    return [workload.uid, await look(parts, workload, signal)];
  });
  return new Map(await Promise.all(looks));
}

async function look(
  { client, pods, living, attempts, seenReady }: LookParts,
  { uid, namespace, name, kind }: Workload,
  signal: AbortSignal,
): Promise<WorkloadLook> {
  const resource = WORKLOADS[kind];
  const owner = resource && (await get<Replicated>(client, resource, { namespace, name }, { signal }));
  // Gone, or another one of the same name: nobody misses its pods.
  if (owner === undefined || owner.metadata.uid !== uid) return { down: 0, unready: new Set() };
  const { spec = {}, status = {} } = owner;
  const isDaemonSet = kind === 'DaemonSet';
  const wanted = (isDaemonSet ? status.desiredNumberScheduled : spec.replicas) ?? (isDaemonSet ? 0 : 1);
  const ready = (isDaemonSet ? status.numberReady : status.readyReplicas) ?? 0;

  const own = pods.filter((pod) => pod.workload.uid === uid);
  const attempt = attempts.find(({ workload }) => workload.uid === uid);
  const fresh = own.filter((pod) => attempt !== undefined && isNew(pod, attempt) && !seenReady.has(pod.uid));
  const suspects = ready < wanted ? own.filter((pod) => needsRestart(pod)).slice(0, MAX_ASKED) : [];
  const unready = new Set<string>();
  await Promise.all(
    [...new Set([...fresh, ...suspects])].map(async (pod) => {
      if (!(await isReady(client, pod, signal))) unready.add(pod.uid);
      else if (fresh.includes(pod)) seenReady.add(pod.uid);
    }),
  );
  const notUpYet = fresh.filter((pod) => unready.has(pod.uid)).length;
  return { down: Math.max(0, wanted - ready, wanted - (living.get(uid) ?? 0) + notUpYet), unready };
}

async function isReady(client: KubeClient, pod: RolloutPod, signal: AbortSignal): Promise<boolean> {
  const { namespace, name, uid } = pod;
  const found = await get<Pod>(client, RESOURCES.pods, { namespace, name }, { signal });
  const conditions = found?.metadata.uid === uid ? found.status?.conditions : undefined;
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
