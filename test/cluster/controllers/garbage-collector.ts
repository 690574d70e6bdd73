/**
 * Deletes dependents whose owners are gone, lets owners go when their dependents are (foreground), and cuts the ties of orphans:
 * pkg/controller/garbagecollector/garbagecollector.go.
 */
import type { ControllerContext, KubeObject, OwnerReference, Resource, WatchEvent } from '../types.ts';
import { OwnershipGraph, type Node } from './ownership.ts';
import { ControllerClient, pathOf, Reconciler, resourceOf } from './reconciler.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';

const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;
const has = ({ metadata }: KubeObject, finalizer: string): boolean => metadata.finalizers?.includes(finalizer) === true;

/** Follows all resources, those of definitions as well. */
export function garbageCollector({ store, registry, client }: ControllerContext): () => void {
  const graph = new OwnershipGraph();
  const api = new ControllerClient(client, 'generic-garbage-collector');
  const queue = new Reconciler(async (uid) => {
    const node = graph.node(uid);
    if (node) await collect(node);
    return undefined;
  });

  function path({ storageKey, object }: Node): string | undefined {
    const resource = resourceOf(registry, storageKey);
    return resource && pathOf(resource, object.metadata);
  }

  async function patchMetadata(node: Node, change: object): Promise<void> {
    const target = path(node);
    const { uid, resourceVersion } = node.object.metadata;
    if (target) await api.request('PATCH', target, { metadata: { uid, resourceVersion, ...change } });
  }

  const dropFinalizer = (node: Node, finalizer: string): Promise<void> =>
    patchMetadata(node, { finalizers: node.object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [] });

  const keepOwners = (node: Node, keep: (owner: OwnerReference) => boolean): Promise<void> => {
    const kept = node.object.metadata.ownerReferences?.filter(keep) ?? [];
    return patchMetadata(node, { ownerReferences: kept.length > 0 ? kept : null });
  };

  async function remove(node: Node, propagationPolicy: string): Promise<void> {
    const target = path(node);
    const preconditions = { uid: node.object.metadata.uid };
    if (target)
      await api.request('DELETE', target, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy,
        preconditions,
      });
  }

  function kindOf({ apiVersion, kind }: OwnerReference): Resource | undefined {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    return registry.findKind(group, version, kind);
  }

  /** isDangling: an owner counts when it is of the kind and name, has the uid, and is in the namespace of the dependent or in none. */
  function ownerOf(dependent: KubeObject, reference: OwnerReference): KubeObject | undefined {
    const owner = graph.node(reference.uid);
    if (owner === undefined || owner.storageKey !== kindOf(reference)?.storageKey) return undefined;
    const { name, namespace } = owner.object.metadata;
    if (name !== reference.name) return undefined;
    return namespace === undefined || namespace === dependent.metadata.namespace ? owner.object : undefined;
  }

  /** Nothing can be known about owners of kinds that are not served, or that are in no namespace to look in: their dependents stay. */
  function canBeFound(dependent: KubeObject, reference: OwnerReference): boolean {
    const kind = kindOf(reference);
    return kind !== undefined && (!kind.namespaced || dependent.metadata.namespace !== undefined);
  }

  /** attemptToDeleteItem: an object without a living owner goes; dead owners beside a living one are taken off. */
  async function collectDependent(node: Node): Promise<void> {
    const { object } = node;
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || !owners.every((owner) => canBeFound(object, owner))) return;
    const living = owners.filter((owner) => ownerOf(object, owner));
    const solid = living.filter((owner) => {
      const found = ownerOf(object, owner);
      return found && !(isDeleting(found) && has(found, FOREGROUND));
    });
    if (solid.length === owners.length) return;
    if (solid.length > 0) return await keepOwners(node, ({ uid }) => solid.some((owner) => owner.uid === uid));
    const hasDependents = graph.dependents(object.metadata.uid ?? '').length > 0;
    if (living.length > 0 && hasDependents) return await remove(node, 'Foreground');
    await remove(node, has(object, ORPHAN) ? 'Orphan' : has(object, FOREGROUND) ? 'Foreground' : 'Background');
  }

  async function orphanDependents(node: Node): Promise<void> {
    const { uid = '' } = node.object.metadata;
    for (const dependent of graph.dependents(uid)) await keepOwners(dependent, (owner) => owner.uid !== uid);
    await dropFinalizer(node, ORPHAN);
  }

  async function finishForeground(node: Node): Promise<void> {
    const { uid = '' } = node.object.metadata;
    const dependents = graph.dependents(uid);
    const blocks = ({ object }: Node): boolean =>
      object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true) === true;
    if (!dependents.some(blocks)) return await dropFinalizer(node, FOREGROUND);
    for (const dependent of dependents)
      if (!isDeleting(dependent.object)) queue.add(dependent.object.metadata.uid ?? '');
  }

  async function collect(node: Node): Promise<void> {
    const { object } = node;
    if (isDeleting(object) && has(object, ORPHAN)) await orphanDependents(node);
    else if (isDeleting(object) && has(object, FOREGROUND)) await finishForeground(node);
    else if (!isDeleting(object)) await collectDependent(node);
  }

  function look(storageKey: string, { type, object }: WatchEvent): void {
    const { uid = '', ownerReferences = [] } = object.metadata;
    const left = type === 'DELETED' ? graph.dependents(uid) : [];
    if (type === 'DELETED') graph.delete(object);
    else graph.set(storageKey, object);
    for (const dependent of left) queue.add(dependent.object.metadata.uid ?? '');
    if (type !== 'DELETED' && (ownerReferences.length > 0 || isDeleting(object))) queue.add(uid);
    // An owner that waits may now have nothing left to wait for; an owner that starts to wait sends its dependents off.
    for (const owner of ownerReferences) {
      const found = graph.node(owner.uid);
      if (found && isDeleting(found.object)) queue.add(owner.uid);
    }
    if (isDeleting(object) && has(object, FOREGROUND))
      for (const dependent of graph.dependents(uid)) queue.add(dependent.object.metadata.uid ?? '');
  }

  const ends = new Map<string, () => void>();
  function follow(): void {
    for (const resource of registry.all()) {
      const { storageKey } = resource;
      if (resource.virtual || ends.has(storageKey)) continue;
      ends.set(
        storageKey,
        store.subscribe(storageKey, (event) => look(storageKey, event)),
      );
      for (const object of store.list(storageKey)) look(storageKey, { type: 'ADDED', object, resourceVersion: 0 });
    }
  }
  follow();
  // The resource of a definition is served a moment after the definition is stored.
  const endDefinitions = store.subscribe(CRDS, () => setImmediate(follow));
  return () => {
    endDefinitions();
    for (const end of ends.values()) end();
    queue.stop();
  };
}
