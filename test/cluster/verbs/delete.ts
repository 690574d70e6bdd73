import { deleteOptions, deleteOptionsForReview } from '../http/options.ts';
import type { DeleteOptions } from '../http/options.ts';
import { conflict, notFound } from '../status.ts';
import type { StatusBody } from '../status.ts';
import { copy } from '../storage/json.ts';
import { timestamp } from '../storage/store.ts';
import type { KubeObject } from '../types.ts';
import { validate } from './admit.ts';
import { attributesOf, inVersion, strategyOf, writeContext } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { decodeDeleteOptions } from './decode.ts';
import { checkNamespaceLifecycle } from './namespace-lifecycle.ts';

/** DELETE of one object (endpoints/handlers/delete.go). */
export async function remove(call: Call): Promise<Outcome> {
  const options = deleteOptions(call.query, decodeDeleteOptions(call));
  const { object, deleted } = await deleteObject(call, options);
  const status = !deleted && options.orphanDependents === false ? 202 : 200;
  const whole = !deleted || call.resource.strategy.returnsDeleted;
  return { status, body: whole ? inVersion(call.resource, object) : success(call, object) };
}

function success(call: Call, object: KubeObject): StatusBody {
  const { group, plural } = call.resource;
  const { name, uid = '' } = object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group ? { group } : {}), kind: plural, uid },
  };
}

/**
 * Store.Delete: marks the object, or removes it when nothing holds it (registry/generic/registry/store.go).
 * `requestName` is the name that admission is told.
 * @throws StatusError 404, 409, and what admission refuses
 */
export async function deleteObject(
  call: Call,
  asked: DeleteOptions,
  requestName = call.name,
): Promise<{ object: KubeObject; deleted: boolean }> {
  const { resource, parts } = call;
  let old = parts.store.get(resource.storageKey, call.namespace, call.name);
  if (!old) throw notFound(resource, call.name);
  // Who only marks them makes sure that it is this one (core/namespace/storage/storage.go: Delete).
  const marked =
    resource.strategy.markDeleted && old.metadata.uid !== undefined ? { uid: old.metadata.uid } : undefined;
  const options = marked ? { ...asked, preconditions: { ...marked, ...asked.preconditions } } : asked;
  beforeDelete(call, copy(old), options);
  const review = { options: deleteOptionsForReview(options), dryRun: options.dryRun };
  const attributes = attributesOf(call, 'DELETE', {
    ...review,
    name: requestName,
    oldObject: inVersion(resource, old),
  });
  checkNamespaceLifecycle(attributes, parts.store);
  await parts.admission.mutate(attributes, () => {});
  await validate(call, attributes);

  old = parts.store.get(resource.storageKey, call.namespace, call.name);
  if (!old) throw notFound(resource, call.name);
  const object = copy(old);
  const { strategy } = resource;
  if (strategy.markDeleted && !old.metadata.deletionTimestamp)
    return { object: markOnly(call, old, options), deleted: false };
  if (strategy.held?.(old)) return { object: old, deleted: false };
  const { graceful, pending, grace } = beforeDelete(call, object, options);
  if (pending) return { object: old, deleted: false };
  setGarbageCollectionFinalizers(object, options);
  const held = (object.metadata.finalizers?.length ?? 0) > 0;
  if (!graceful && held) markAsDeleting(object, call.now);
  const write = graceful || held;
  const deleteNow = !held && (!graceful || grace === 0);
  if (options.dryRun) return { object, deleted: deleteNow };
  const written = write ? parts.store.update(resource.storageKey, object, old) : old;
  return deleteNow
    ? { object: parts.store.remove(resource.storageKey, written), deleted: true }
    : { object: written, deleted: false };
}

/** core/namespace and customresourcedefinition storage: the first DELETE starts what a controller will finish. */
function markOnly(call: Call, old: KubeObject, options: DeleteOptions): KubeObject {
  const object = copy(old);
  object.metadata.deletionTimestamp = timestamp(call.now);
  setGarbageCollectionFinalizers(object, {
    ...options,
    ...(options.propagationPolicy === 'Foreground' ? { propagationPolicy: 'Background' } : {}),
  });
  call.resource.strategy.markDeleted?.(object, writeContext(call, options.dryRun));
  return options.dryRun ? object : call.parts.store.update(call.resource.storageKey, object, old);
}

interface Grace {
  graceful: boolean;
  /** It is being deleted already and nothing changes. */
  pending: boolean;
  grace: number;
}

/** rest.BeforeDelete: preconditions, and the grace period of resources that have one. Changes the object. */
function beforeDelete(call: Call, object: KubeObject, options: DeleteOptions): Grace {
  const { metadata } = object;
  const { group, kind } = call.resource;
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid && uid !== metadata.uid) {
    const text = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict({ group, plural: kind }, metadata.name, text);
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    const text = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict({ group, plural: kind }, metadata.name, text);
  }
  const requested =
    options.gracePeriodSeconds === undefined
      ? undefined
      : options.gracePeriodSeconds < 0
        ? 1
        : options.gracePeriodSeconds;
  const strategy = strategyOf(call);
  const none = { graceful: false, pending: false, grace: 0 };
  if (!strategy.gracefulDelete) return none;
  if (metadata.deletionTimestamp) {
    const left = metadata.deletionGracePeriodSeconds ?? 0;
    if (left === 0) return none;
    if (requested === undefined || requested >= left) return { graceful: false, pending: true, grace: left };
    const begun = Date.parse(metadata.deletionTimestamp) - left * 1000;
    const end = Math.max(begun + requested * 1000, call.now.getTime());
    // What was to be graceful stays so, even when its time is over already.
    const isLate = requested > 0 && begun + requested * 1000 < end;
    const shortened = isLate ? 1 : requested;
    metadata.deletionTimestamp = timestamp(new Date(end));
    metadata.deletionGracePeriodSeconds = shortened;
    return { graceful: true, pending: false, grace: shortened };
  }
  const grace = strategy.gracefulDelete(object, requested);
  metadata.deletionTimestamp = timestamp(new Date(call.now.getTime() + grace * 1000));
  metadata.deletionGracePeriodSeconds = grace;
  if (metadata.generation) metadata.generation += 1;
  return { graceful: true, pending: false, grace };
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

/** deletionFinalizersForGarbageCollection: what the caller wants of dependents is kept as a finalizer. */
function setGarbageCollectionFinalizers(object: KubeObject, options: DeleteOptions): void {
  const finalizers = object.metadata.finalizers ?? [];
  const wanted = wantedFinalizer(finalizers, options);
  const kept = finalizers.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const next = wanted === undefined ? kept : [...kept, wanted];
  if (next.length === finalizers.length && next.every((finalizer) => finalizers.includes(finalizer))) return;
  if (next.length === 0) delete object.metadata.finalizers;
  else object.metadata.finalizers = next;
}

function wantedFinalizer(finalizers: string[], options: DeleteOptions): string | undefined {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? ORPHAN : undefined;
  const { propagationPolicy } = options;
  if (propagationPolicy === 'Orphan') return ORPHAN;
  if (propagationPolicy === 'Foreground') return FOREGROUND;
  if (propagationPolicy === 'Background') return undefined;
  return finalizers.find((finalizer) => finalizer === ORPHAN || finalizer === FOREGROUND);
}

function markAsDeleting(object: KubeObject, now: Date): void {
  const { metadata } = object;
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation += 1;
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > now.getTime()) {
    metadata.deletionTimestamp = timestamp(now);
  }
  metadata.deletionGracePeriodSeconds = 0;
}
