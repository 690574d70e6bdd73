/** The admission plugins that fill in pods: ServiceAccount, Priority and DefaultTolerationSeconds (plugin/pkg/admission). */
import { randomBytes } from 'node:crypto';
import { forbidden } from '../status.ts';
import type { AdmissionAttributes, KubeObject, ObjectStore } from '../types.ts';
import { asPod, type Pod, type PodSpec } from './pod-types.ts';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const VOLUME_PREFIX = 'kube-api-access-';
/** How long a new namespace may take to get its default account. */
const ACCOUNT_PATIENCE_MS = 1500;

function refuse(attributes: AdmissionAttributes, text: string): Error {
  const { metadata } = attributes.object ?? {};
  const name = attributes.name || metadata?.name || metadata?.generateName || 'Unknown';
  return forbidden({ group: '', plural: 'pods' }, name, text);
}

/** The account, waiting a moment for the one every namespace gets. */
async function findAccount(store: ObjectStore, namespace: string, name: string): Promise<KubeObject | undefined> {
  const found = store.get('serviceaccounts', namespace, name);
  if (found || name !== 'default') return found;
  return await new Promise((resolve) => {
    const done = (account?: KubeObject): void => {
      clearTimeout(timer);
      stop();
      resolve(account);
    };
    const timer = setTimeout(() => done(), ACCOUNT_PATIENCE_MS);
    const stop = store.subscribe('serviceaccounts', ({ type, object }) => {
      if (type === 'ADDED' && object.metadata.name === name && object.metadata.namespace === namespace) done(object);
    });
  });
}

function mountToken(spec: PodSpec): void {
  const existing = spec.volumes?.find((volume) => volume.name?.startsWith(VOLUME_PREFIX));
  // names.SimpleNameGenerator: five letters without vowels.
  const suffix = [...randomBytes(5)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');
  const name = existing?.name ?? `${VOLUME_PREFIX}${suffix}`;
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const lacking = containers.filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === TOKEN_PATH),
  );
  for (const container of lacking)
    (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: TOKEN_PATH });
  if (existing || lacking.length === 0) return;
  const namespaceItem = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } };
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [namespaceItem] } },
  ];
  (spec.volumes ??= []).push({ name, projected: { sources, defaultMode: 420 } });
}

async function useAccount(attributes: AdmissionAttributes, spec: PodSpec, store: ObjectStore): Promise<void> {
  const namespace = attributes.namespace ?? '';
  const name = spec.serviceAccountName || 'default';
  Object.assign(spec, { serviceAccountName: name, serviceAccount: name });
  const account = await findAccount(store, namespace, name);
  if (!account)
    throw refuse(
      attributes,
      `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
    );
  if (spec.automountServiceAccountToken ?? account['automountServiceAccountToken'] ?? true) mountToken(spec);
  const pullSecrets = (account['imagePullSecrets'] ?? []) as { name: string }[];
  if (!spec.imagePullSecrets?.length && pullSecrets.length > 0)
    spec.imagePullSecrets = pullSecrets.map((secret) => ({ name: secret.name }));
}

/** Classes that every cluster has (pkg/apis/scheduling/v1/helpers.go). */
const SYSTEM_PRIORITIES: Record<string, number> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
};

function usePriority(attributes: AdmissionAttributes, spec: PodSpec, store: ObjectStore): void {
  const classes = store.list('priorityclasses.scheduling.k8s.io');
  const wanted = spec.priorityClassName
    ? classes.find(({ metadata }) => metadata.name === spec.priorityClassName)
    : classes.find((candidate) => candidate['globalDefault'] === true);
  const builtin = Object.hasOwn(SYSTEM_PRIORITIES, spec.priorityClassName ?? '')
    ? SYSTEM_PRIORITIES[spec.priorityClassName ?? '']
    : undefined;
  if (spec.priorityClassName && !wanted && builtin === undefined)
    throw refuse(attributes, `no PriorityClass with name ${spec.priorityClassName} was found`);
  const value = Number(wanted?.['value'] ?? builtin ?? 0);
  if (spec.priority !== undefined && spec.priority !== value)
    throw refuse(
      attributes,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  spec.priority = value;
  if (wanted) spec.priorityClassName = wanted.metadata.name;
  const policy = (wanted?.['preemptionPolicy'] ?? 'PreemptLowerPriority') as string;
  const given = spec['preemptionPolicy'] as string | undefined;
  if (given !== undefined && given !== policy)
    throw refuse(
      attributes,
      `the string value of PreemptionPolicy (${given}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  spec['preemptionPolicy'] = policy;
}

/** plugin/pkg/admission/runtimeclass: a class that a pod asks for exists. */
function checkRuntime(attributes: AdmissionAttributes, spec: PodSpec, store: ObjectStore): void {
  const name = spec['runtimeClassName'] as string | undefined;
  if (name && !store.get('runtimeclasses.node.k8s.io', undefined, name))
    throw refuse(attributes, `pod rejected: RuntimeClass "${name}" not found`);
}

function tolerateShortOutages(spec: PodSpec): void {
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const tolerated = (spec.tolerations ?? []).some(
      (toleration) =>
        (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === 'NoExecute'),
    );
    if (tolerated) continue;
    (spec.tolerations ??= []).push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  }
}

/** What a removed priority or policy falls back to on updates: the pod keeps what it has. */
function keepPriority(pod: Pod, old: Pod): void {
  if (old.spec.priority !== undefined) pod.spec.priority ??= old.spec.priority;
  if (old.spec['preemptionPolicy'] !== undefined) pod.spec['preemptionPolicy'] ??= old.spec['preemptionPolicy'];
}

/** Runs the three plugins on a pod that is created, and the last two on one that is updated. @throws StatusError 403 */
export async function admitPod(attributes: AdmissionAttributes, { store }: { store: ObjectStore }): Promise<void> {
  const { operation, subresource, object, oldObject } = attributes;
  if (subresource || !object) return;
  const pod = asPod(object);
  if (operation === 'CREATE') {
    await useAccount(attributes, pod.spec, store);
    usePriority(attributes, pod.spec, store);
    checkRuntime(attributes, pod.spec, store);
  } else if (operation === 'UPDATE' && oldObject) keepPriority(pod, asPod(oldObject));
  if (operation === 'CREATE' || operation === 'UPDATE') tolerateShortOutages(pod.spec);
}
