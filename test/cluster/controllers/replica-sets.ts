/** ReplicaSets keep as many pods as they are told to: pkg/controller/replicaset. */
import { asPod, type Pod } from '../builtin/pod-types.ts';
import { asWorkload, type Workload } from '../builtin/workload-validate.ts';
import { timestamp } from '../storage/store.ts';
import type { ControllerContext, JsonObject, KubeObject, ObjectStore, WatchEvent } from '../types.ts';
import { ControllerClient, keyOf, Reconciler, splitKey } from './reconciler.ts';

export const REPLICA_SETS = 'replicasets.apps';

/** The reference by which a controller owns what it made. */
export function controllerReference({ apiVersion, kind, metadata }: KubeObject): JsonObject {
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What an object of this uid controls, among the objects of a storage key and namespace. */
export function controlledBy(store: ObjectStore, storageKey: string, owner: KubeObject): KubeObject[] {
  const { namespace, uid } = owner.metadata;
  return store
    .list(storageKey, namespace)
    .filter(({ metadata }) => metadata.ownerReferences?.some((each) => each.controller && each.uid === uid));
}

/** Adds the key of whoever controls the object of an event. */
export function addOwner(queue: Reconciler, kind: string, { object, previous }: WatchEvent): void {
  for (const { metadata } of previous ? [object, previous] : [object]) {
    const owner = metadata.ownerReferences?.find((each) => each.controller && each.kind === kind);
    if (owner) queue.add(`${metadata.namespace ?? ''}/${owner.name}`);
  }
}

const isActive = ({ metadata, status }: Pod): boolean =>
  !metadata.deletionTimestamp && status.phase !== 'Succeeded' && status.phase !== 'Failed';
const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

/** Makes and removes pods, reports how many are ready. */
export function replicaSetController({ store, client }: ControllerContext): () => void {
  const api = new ControllerClient(client, 'replicaset-controller');

  async function create(set: Workload): Promise<void> {
    const { namespace, name } = set.metadata;
    const { metadata, spec } = set.spec.template;
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, generateName: `${name}-`, ownerReferences: [controllerReference(set)] },
      spec,
    };
    await api.request('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
  }

  /** Pods that do less for the set go first: not ready before ready, young before old. */
  function surplus(pods: Pod[], count: number): Pod[] {
    const rank = (pod: Pod): string =>
      `${Number(isReady(pod))}${9e15 - Date.parse(pod.metadata.creationTimestamp ?? '')}`;
    return pods.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1)).slice(0, count);
  }

  /** Makes or removes pods. Returns what the API said when it refused one. */
  async function adjust(set: Workload, pods: Pod[]): Promise<string | undefined> {
    const missing = (set.spec.replicas ?? 0) - pods.length;
    try {
      for (let made = 0; made < missing; made++) await create(set);
      for (const { metadata } of surplus(pods, Math.max(0, -missing)))
        await api.request('DELETE', `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message.replace(/^\S+ \S+: /v, '') : String(error);
    }
  }

  async function report(set: Workload, failure: string | undefined): Promise<void> {
    const pods = controlledBy(store, 'pods', set).map(asPod).filter(isActive);
    const ready = pods.filter(isReady).length;
    const condition = {
      type: 'ReplicaFailure',
      status: 'True',
      lastTransitionTime: timestamp(new Date()),
      reason: 'FailedCreate',
      message: failure,
    };
    const old = (set.status['conditions'] ?? []) as { type: string; message?: string }[];
    const known = old.find(({ type, message }) => type === 'ReplicaFailure' && message === failure);
    const status = {
      replicas: pods.length,
      ...(pods.length > 0 ? { fullyLabeledReplicas: pods.length } : {}),
      ...(ready > 0 ? { readyReplicas: ready, availableReplicas: ready } : {}),
      observedGeneration: set.metadata.generation,
      ...(failure === undefined ? {} : { conditions: [known ?? condition] }),
    };
    const { namespace, name } = set.metadata;
    await api.request('PUT', `/apis/apps/v1/namespaces/${namespace}/replicasets/${name}/status`, { ...set, status });
  }

  const queue = new Reconciler(async (key) => {
    const { namespace, name } = splitKey(key);
    const found = store.get(REPLICA_SETS, namespace, name);
    if (!found) return undefined;
    const set = asWorkload(found);
    const pods = controlledBy(store, 'pods', set).map(asPod).filter(isActive);
    const failure = set.metadata.deletionTimestamp ? undefined : await adjust(set, pods);
    await report(set, failure);
    if (failure !== undefined) throw new Error(failure);
    return undefined;
  });
  for (const set of store.list(REPLICA_SETS)) queue.add(keyOf(set));
  const ends = [
    store.subscribe(REPLICA_SETS, ({ type, object }) => {
      if (type !== 'DELETED') queue.add(keyOf(object));
    }),
    store.subscribe('pods', (event) => addOwner(queue, 'ReplicaSet', event)),
  ];
  return () => {
    for (const end of ends) end();
    queue.stop();
  };
}
