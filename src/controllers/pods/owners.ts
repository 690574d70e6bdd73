/** Who makes a pod: its controller, and the controller of that. Only metadata is asked for. */
import type { KubeClient } from '../../kube/client.ts';
import { isForbidden, isNotFound } from '../../kube/errors.ts';
import type { KubeObject, OwnerReference } from '../../kube/objects.ts';
import { resourcePath, type ResourceRef } from '../../kube/resources.ts';
import { METADATA } from '../../kube/verbs.ts';

const named = (group: string, plural: string, kind: string): ResourceRef => ({
  group,
  version: 'v1',
  plural,
  namespaced: true,
  kind,
});

/** By apiVersion and kind; others are not looked at. */
const KNOWN = new Map<string, ResourceRef>([
  ['apps/v1 Deployment', named('apps', 'deployments', 'Deployment')],
  ['apps/v1 ReplicaSet', named('apps', 'replicasets', 'ReplicaSet')],
  ['apps/v1 StatefulSet', named('apps', 'statefulsets', 'StatefulSet')],
  ['apps/v1 DaemonSet', named('apps', 'daemonsets', 'DaemonSet')],
  ['batch/v1 Job', named('batch', 'jobs', 'Job')],
  ['v1 ReplicationController', named('', 'replicationcontrollers', 'ReplicationController')],
]);
const MOST_LEVELS = 2;

export interface Owner {
  reference: Pick<OwnerReference, 'apiVersion' | 'kind' | 'name' | 'uid'>;
  annotations: Readonly<Record<string, string>>;
}

/** From the pod's controller upwards, as far as it can be read. */
export async function ownersOf(
  client: KubeClient,
  namespace: string,
  controller: Owner['reference'],
  signal: AbortSignal,
): Promise<Owner[]> {
  const owners: Owner[] = [];
  let next: Owner['reference'] | undefined = controller;
  while (next !== undefined && owners.length < MOST_LEVELS) {
    const found: KubeObject['metadata'] | undefined = await metadataOf(client, namespace, next, signal);
    owners.push({ reference: next, annotations: found?.annotations ?? {} });
    next = found?.ownerReferences?.find((owner) => owner.controller === true);
  }
  return owners;
}

async function metadataOf(
  client: KubeClient,
  namespace: string,
  { apiVersion, kind, name, uid }: Owner['reference'],
  signal: AbortSignal,
): Promise<KubeObject['metadata'] | undefined> {
  const resource = KNOWN.get(`${apiVersion} ${kind}`);
  if (resource === undefined) return undefined;
  try {
    const path = resourcePath(resource, { namespace, name });
    const { metadata } = await client.request<KubeObject>({ path, accept: METADATA, signal });
    return metadata.uid === uid ? metadata : undefined;
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return undefined;
    throw error;
  }
}
