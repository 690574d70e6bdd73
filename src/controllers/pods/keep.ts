/** What is kept of each pod in the cluster: its metadata, and of that no more than is read. */
import type { CacheOptions } from '../../kube/cache.ts';
import type { KubeObject, ObjectMeta } from '../../kube/objects.ts';

export const BY_NAMESPACE = 'namespace';

/** Annotations are asked for booleans and for misspelt keys; some hold kilobytes. */
const MAX_VALUE = 64;

/** Pods that run or will: whether one has ended is in its status, and in no metadata. */
const NOT_ENDED = 'status.phase!=Succeeded,status.phase!=Failed';

/** What to follow of the pods with or without a network of their own. The selector is there since Kubernetes 1.28. */
export function podScope(
  hostNetwork: boolean,
): Pick<CacheOptions<KubeObject>, 'fieldSelector' | 'metadataOnly' | 'slim' | 'indexers'> {
  return {
    fieldSelector: `${NOT_ENDED},spec.hostNetwork=${hostNetwork}`,
    metadataOnly: true,
    slim: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata: keptOf(metadata) }),
    indexers: { [BY_NAMESPACE]: ({ metadata }) => [metadata.namespace ?? ''] },
  };
}

function keptOf(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations } = metadata;
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(labels !== undefined && { labels }),
    ...(annotations !== undefined && { annotations: shortened(annotations) }),
    ...(controller !== undefined && { ownerReferences: [controller] }),
  };
}

/** By entries: an annotation may be called `__proto__`. */
function shortened(annotations: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, value.slice(0, MAX_VALUE)]));
}
