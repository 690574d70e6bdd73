import { optionsForReview, writeOptions } from '../http/options.ts';
import type { WriteOptions } from '../http/options.ts';
import { StatusError, conflict, invalid, notFound } from '../status.ts';
import { copy, equal } from '../storage/json.ts';
import { keepUnchangedTimes } from '../patch/index.ts';
import { OPTIMISTIC_LOCK_ERROR } from '../storage/store.ts';
import type { KubeObject } from '../types.ts';
import { invalidValue, isPathSegmentName, validateObjectMeta, validateObjectMetaUpdate } from '../validation.ts';
import { accessDenied } from './access.ts';
import { mutate, validate } from './admit.ts';
import { attributesOf, inVersion, kindOf, managerOf, strategyOf, writeContext } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { storeNewObject } from './create.ts';
import { decodeBody } from './decode.ts';
import { trackFields } from './fields.ts';
import { checkName, dedupOwnerReferences, matchNamespace, versionOf } from './metadata.ts';

/** How often a write starts again because another one came first while admission was asked. */
const MAX_ATTEMPTS = 100;

export interface Update {
  options: WriteOptions;
  /** Makes the new object from the live one (a copy in the request's version); may be called again. */
  change(live: KubeObject | undefined): KubeObject;
  /** Create what is not there although the strategy does not (server-side apply). */
  forceCreate?: boolean;
  /** The uid that the live object must have. */
  uid?: string | undefined;
}

/** PUT (endpoints/handlers/update.go). */
export async function update(call: Call): Promise<Outcome> {
  const options = writeOptions('UpdateOptions', call.query);
  const decoded = decodeBody(call, options.fieldValidation);
  matchNamespace(decoded.metadata, call.namespace);
  checkName(decoded.metadata, call.name);
  dedupOwnerReferences(decoded.metadata, call.warn, false);
  const manager = managerOf(call, options.fieldManager);
  const { object, created } = await writeObject(call, {
    options,
    uid: decoded.metadata.uid,
    change(live) {
      const object = copy(decoded);
      trackFields(call, live, object, manager);
      return object;
    },
  });
  return { status: created ? 201 : 200, body: inVersion(call.resource, object) };
}

/** Store.Update with the retries of GuaranteedUpdate (registry/generic/registry/store.go, storage/etcd3/store.go). */
export async function writeObject(call: Call, update: Update): Promise<{ object: KubeObject; created: boolean }> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await writeOnce(call, update);
    } catch (error) {
      if (!(error instanceof LostRace) || attempt === MAX_ATTEMPTS)
        throw error instanceof LostRace ? error.cause : error;
    }
  }
}

/** The storage's compare-and-swap failed: not an answer, a reason to start again. */
class LostRace extends Error {
  override readonly cause: StatusError;
  constructor(cause: StatusError) {
    super(cause.message);
    this.cause = cause;
  }
}

async function writeOnce(call: Call, update: Update): Promise<{ object: KubeObject; created: boolean }> {
  const { resource, parts } = call;
  const { options } = update;
  const old = parts.store.get(resource.storageKey, call.namespace, call.name);
  if (!old) {
    if (!update.forceCreate && (call.subresource !== undefined || !resource.strategy.createOnUpdate))
      throw notFound(resource, call.name);
    return { object: await createInstead(call, update), created: true };
  }
  if (update.uid && update.uid !== old.metadata.uid) {
    const text = `Precondition failed: UID in precondition: ${update.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(resource, call.name, text);
  }
  const live = inVersion(resource, old);
  let object = update.change(copy(live));
  const review = optionsForReview('UpdateOptions', options);
  const asked = { oldObject: live, options: review, dryRun: options.dryRun };
  object = await mutate(call, attributesOf(call, 'UPDATE', { ...asked, object }), object);
  checkVersion(call, object, old);
  beforeUpdate(call, object, live, options.dryRun);
  keepUnchangedTimes(live, object);
  await validate(call, attributesOf(call, 'UPDATE', { ...asked, object }));
  if (endsNow(object, old) && !resource.strategy.held?.(object)) {
    if (!options.dryRun) swap(() => parts.store.remove(resource.storageKey, old));
    return { object: { ...object, metadata: { ...object.metadata, ...versionField(old) } }, created: false };
  }
  if (options.dryRun)
    return { object: { ...object, metadata: { ...object.metadata, ...versionField(old) } }, created: false };
  // Another version of the resource may have written last: without a change, its form stays.
  const unchanged = equal(inVersion(resource, old), {
    ...object,
    metadata: { ...object.metadata, ...versionField(old) },
  });
  return { object: unchanged ? old : swap(() => parts.store.update(resource.storageKey, object, old)), created: false };
}

function versionField(old: KubeObject): { resourceVersion?: string } {
  return old.metadata.resourceVersion === undefined ? {} : { resourceVersion: old.metadata.resourceVersion };
}

function swap<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw error instanceof StatusError ? new LostRace(error) : error;
  }
}

/** What has an identity already cannot be created. @throws StatusError 409 */
export function refuseUid({ resource, name }: Call, uid: string | undefined): void {
  if (!uid) return;
  const text = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
  throw conflict(resource, name, text);
}

async function createInstead(call: Call, update: Update): Promise<KubeObject> {
  const { options } = update;
  const object = update.change(undefined);
  // The storage gives a new object its own version, whatever the client believed.
  delete object.metadata.resourceVersion;
  refuseUid(call, update.uid ?? object.metadata.uid);
  const review = optionsForReview('CreateOptions', options);
  const admitted = await mutate(
    call,
    attributesOf(call, 'CREATE', { object, options: review, dryRun: options.dryRun }),
    object,
  );
  const denied = accessDenied(call.parts.authorizer, call, 'create');
  if (denied) throw denied;
  try {
    return await storeNewObject(call, admitted, options, review);
  } catch (error) {
    if (error instanceof StatusError && error.status.reason === 'AlreadyExists') throw new LostRace(error);
    throw error;
  }
}

/** The optimistic lock. @throws StatusError 409, 422, 500 */
function checkVersion(call: Call, object: KubeObject, old: KubeObject): void {
  const version = versionOf(object);
  if (version === 0) {
    if (strategyOf(call).unconditionalUpdate !== false) {
      Object.assign(object.metadata, versionField(old));
      return;
    }
    const { group, plural } = call.resource;
    const error = invalidValue('metadata.resourceVersion', 0, 'must be specified for an update');
    throw invalid({ group, kind: plural }, call.name, [error]);
  }
  if (version !== versionOf(old)) throw conflict(call.resource, call.name, OPTIMISTIC_LOCK_ERROR);
}

/** rest.BeforeUpdate */
function beforeUpdate(call: Call, object: KubeObject, old: KubeObject, dryRun: boolean): void {
  const { resource } = call;
  const strategy = strategyOf(call);
  const context = writeContext(call, dryRun);
  const { metadata } = object;
  matchNamespace(metadata, call.namespace);
  if (old.metadata.generation === undefined) delete metadata.generation;
  else metadata.generation = old.metadata.generation;
  strategy.prepareUpdate?.(object, old, context);
  if (strategy.generationOn?.(object, old)) metadata.generation = (old.metadata.generation ?? 0) + 1;
  if (!metadata.uid && old.metadata.uid !== undefined) metadata.uid = old.metadata.uid;
  if (old.metadata.creationTimestamp) metadata.creationTimestamp = old.metadata.creationTimestamp;
  if (old.metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  const grace = metadata.deletionGracePeriodSeconds ?? old.metadata.deletionGracePeriodSeconds;
  if (grace !== undefined) metadata.deletionGracePeriodSeconds = grace;
  const errors = [
    ...validateObjectMeta(metadata, resource.namespaced, isPathSegmentName, 'metadata'),
    ...validateObjectMetaUpdate(metadata, old.metadata, 'metadata'),
    ...(strategy.validateUpdate?.(object, old, context) ?? []),
  ];
  if (errors.length > 0) throw invalid(kindOf(resource, object), metadata.name, errors);
  for (const warning of strategy.warnings?.(object, old) ?? []) call.warn(warning);
}

/** ShouldDeleteDuringUpdate: the last finalizer of an object that waits for nothing else. */
function endsNow(object: KubeObject, old: KubeObject): boolean {
  if ((object.metadata.finalizers?.length ?? 0) > 0 || !old.metadata.deletionTimestamp) return false;
  return !old.metadata.deletionGracePeriodSeconds;
}
