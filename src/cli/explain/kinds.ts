/** The kinds that make pods, by all the names that kubectl knows them by. */
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';

const namespaced = (group: string, plural: string, kind: string): ResourceRef =>
  Object.freeze({ group, version: 'v1', plural, namespaced: true, kind });

interface Workload {
  resource: ResourceRef;
  short: readonly string[];
}

const WORKLOADS: readonly Workload[] = [
  { resource: RESOURCES.pods, short: ['po'] },
  { resource: namespaced('apps', 'deployments', 'Deployment'), short: ['deploy'] },
  { resource: namespaced('apps', 'statefulsets', 'StatefulSet'), short: ['sts'] },
  { resource: namespaced('apps', 'daemonsets', 'DaemonSet'), short: ['ds'] },
  { resource: namespaced('apps', 'replicasets', 'ReplicaSet'), short: ['rs'] },
  { resource: namespaced('batch', 'jobs', 'Job'), short: [] },
  { resource: namespaced('batch', 'cronjobs', 'CronJob'), short: ['cj'] },
  { resource: namespaced('', 'replicationcontrollers', 'ReplicationController'), short: ['rc'] },
  { resource: namespaced('', 'podtemplates', 'PodTemplate'), short: [] },
];

/** Names for a usage text and for completion. */
export const KIND_NAMES: readonly string[] = WORKLOADS.map(({ resource }) => resource.kind.toLowerCase());

/** `deploy`, `deployments`, `Deployment`, `deployment.apps`, `deployments.v1.apps`; undefined for anything else. */
export function resourceNamed(text: string): ResourceRef | undefined {
  const [name = '', ...qualifier] = text.toLowerCase().split('.');
  return WORKLOADS.find(
    ({ resource, short }) =>
      [resource.plural, resource.kind.toLowerCase(), ...short].includes(name) &&
      ['', resource.group, `${resource.version}.${resource.group}`].includes(qualifier.join('.')),
  )?.resource;
}

/** The resource of an owner; undefined for a kind that is not known here. */
export function resourceOfKind({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceRef | undefined {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return WORKLOADS.find(({ resource }) => resource.kind === kind && resource.group === group)?.resource;
}

/** What `kubectl rollout restart` can restart. */
export function canRestart({ kind }: ResourceRef): boolean {
  return ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind);
}
