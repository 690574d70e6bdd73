/**
 * Deployments: one ReplicaSet for each template, the newest holding the pods. Much simpler than pkg/controller/deployment: the old
 * sets go down when the new one is ready (or first, with the strategy Recreate), without steps in between.
 */
import { createHash } from 'node:crypto';
import { asWorkload, type Workload } from '../builtin/workload-validate.ts';
import { timestamp } from '../storage/store.ts';
import type { ControllerContext, JsonObject } from '../types.ts';
import { ControllerClient, keyOf, Reconciler, splitKey } from './reconciler.ts';
import { addOwner, controlledBy, controllerReference, REPLICA_SETS } from './replica-sets.ts';

const DEPLOYMENTS = 'deployments.apps';
const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';
/** Letters of rand.SafeEncodeString: no vowels. */
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Names the template: the same for the same template, always. */
function hashOf(template: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}

const revisionOf = ({ metadata }: Workload): number => Number(metadata.annotations?.[REVISION] ?? 0);

function newSet(deployment: Workload, hash: string, revision: number): JsonObject {
  const { name } = deployment.metadata;
  const { template, selector } = deployment.spec;
  const labels = { ...template.metadata.labels, [HASH_LABEL]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      labels,
      annotations: { [REVISION]: String(revision) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

const sum = (sets: Workload[], count: (set: Workload) => number | undefined): number =>
  sets.reduce((total, set) => total + (count(set) ?? 0), 0);

function statusOf(deployment: Workload, sets: Workload[], current: Workload | undefined): JsonObject {
  const wanted = deployment.spec.replicas ?? 0;
  const now = timestamp(new Date());
  const ready = sum(sets, ({ status }) => status.readyReplicas);
  const updated = current?.status.replicas ?? 0;
  const available = ready >= wanted;
  const complete = available && updated === wanted && sum(sets, ({ status }) => status.replicas) === wanted;
  const old = (deployment.status['conditions'] ?? []) as JsonObject[];
  const condition = (type: string, status: string, reason: string, message: string): JsonObject => {
    const before = old.find((each) => each['type'] === type && each['status'] === status && each['reason'] === reason);
    return before ?? { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
  };
  const failure = (current?.status['conditions'] as JsonObject[] | undefined)?.find(
    ({ type }) => type === 'ReplicaFailure',
  );
  const counts = {
    replicas: sum(sets, ({ status }) => status.replicas),
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, wanted - ready),
  };
  const name = current?.metadata.name ?? '';
  return {
    observedGeneration: deployment.metadata.generation,
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    conditions: [
      available
        ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
        : condition(
            'Available',
            'False',
            'MinimumReplicasUnavailable',
            'Deployment does not have minimum availability.',
          ),
      complete
        ? condition(
            'Progressing',
            'True',
            'NewReplicaSetAvailable',
            `ReplicaSet "${name}" has successfully progressed.`,
          )
        : condition('Progressing', 'True', 'ReplicaSetUpdated', `ReplicaSet "${name}" is progressing.`),
      ...(failure ? [{ ...failure, lastUpdateTime: failure['lastTransitionTime'] }] : []),
    ],
    ...(Object.hasOwn(deployment.status, 'collisionCount')
      ? { collisionCount: deployment.status['collisionCount'] }
      : {}),
  };
}

/** Rolls out templates, reports how far it is. */
export function deploymentController({ store, client }: ControllerContext): () => void {
  const api = new ControllerClient(client, 'deployment-controller');

  async function scale(set: Workload, replicas: number): Promise<void> {
    if (set.spec.replicas === replicas) return;
    const { namespace, name } = set.metadata;
    await api.request('PATCH', `/apis/apps/v1/namespaces/${namespace}/replicasets/${name}`, { spec: { replicas } });
  }

  async function rollOut(deployment: Workload, sets: Workload[], current: Workload): Promise<void> {
    const wanted = deployment.spec.replicas ?? 0;
    const old = sets.filter(({ metadata }) => metadata.uid !== current.metadata.uid);
    if (deployment.spec.strategy?.['type'] === 'Recreate') {
      for (const set of old) await scale(set, 0);
      if (sum(old, ({ status }) => status.replicas) === 0) await scale(current, wanted);
      return;
    }
    await scale(current, wanted);
    if ((current.status.readyReplicas ?? 0) >= wanted) for (const set of old) await scale(set, 0);
  }

  const queue = new Reconciler(async (key) => {
    const { namespace, name } = splitKey(key);
    const found = store.get(DEPLOYMENTS, namespace, name);
    if (!found || found.metadata.deletionTimestamp) return undefined;
    const deployment = asWorkload(found);
    const sets = (): Workload[] => controlledBy(store, REPLICA_SETS, deployment).map(asWorkload);
    const setName = `${name}-${hashOf(deployment.spec.template)}`;
    const base = `/apis/apps/v1/namespaces/${namespace}`;
    const currentOf = (): Workload | undefined => sets().find(({ metadata }) => metadata.name === setName);
    if (!deployment.spec.paused) {
      const revision = Math.max(0, ...sets().map(revisionOf)) + 1;
      if (!currentOf())
        await api.request(
          'POST',
          `${base}/replicasets`,
          newSet(deployment, hashOf(deployment.spec.template), revision),
        );
      const current = currentOf();
      if (current) await rollOut(deployment, sets(), current);
      if (current && deployment.metadata.annotations?.[REVISION] !== String(revisionOf(current))) {
        const annotations = { [REVISION]: String(revisionOf(current)) };
        await api.request('PATCH', `${base}/deployments/${name}`, { metadata: { annotations } });
      }
    }
    const latest = store.get(DEPLOYMENTS, namespace, name);
    if (!latest) return undefined;
    const status = statusOf(asWorkload(latest), sets(), currentOf());
    await api.request('PUT', `${base}/deployments/${name}/status`, { ...latest, status });
    return undefined;
  });
  for (const deployment of store.list(DEPLOYMENTS)) queue.add(keyOf(deployment));
  const ends = [
    store.subscribe(DEPLOYMENTS, ({ type, object }) => {
      if (type !== 'DELETED') queue.add(keyOf(object));
    }),
    store.subscribe(REPLICA_SETS, (event) => addOwner(queue, 'Deployment', event)),
  ];
  return () => {
    for (const end of ends) end();
    queue.stop();
  };
}
