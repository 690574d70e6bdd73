import { writeOptions, optionsForReview } from '../http/options.ts';
import type { WriteOptions } from '../http/options.ts';
import { StatusError, alreadyExists, failure, invalid } from '../status.ts';
import { copy } from '../storage/json.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { isPathSegmentName, validateObjectMeta } from '../validation.ts';
import { mutate, validate } from './admit.ts';
import { attributesOf, inVersion, kindOf, managerOf, strategyOf, writeContext } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { decodeBody } from './decode.ts';
import { trackFields } from './fields.ts';
import { dedupOwnerReferences, fillSystemFields, matchNamespace, versionOf, wipeSystemFields } from './metadata.ts';

// registry/generic/registry/store.go maxNameGenerationCreateAttempts
const NAME_ATTEMPTS = 8;

/** POST to a collection (endpoints/handlers/create.go). */
export async function create(call: Call): Promise<Outcome> {
  const options = writeOptions('CreateOptions', call.query);
  const object = decodeBody(call, options.fieldValidation);
  wipeSystemFields(object.metadata);
  matchNamespace(object.metadata, call.namespace);
  const { resource } = call;
  dedupOwnerReferences(object.metadata, call.warn, false);
  const review = optionsForReview('CreateOptions', options);
  trackFields(call, undefined, object, managerOf(call, options.fieldManager));
  const named = { name: object.metadata.name, options: review, dryRun: options.dryRun };
  const admitted = await mutate(call, attributesOf(call, 'CREATE', { ...named, object }), object);
  if (resource.virtual) {
    await validate(call, attributesOf(call, 'CREATE', { ...named, object: admitted }));
    return { status: 201, body: resource.virtual(admitted, writeContext(call, options.dryRun)) };
  }
  const stored = await storeNewObject(call, admitted, options, review);
  return { status: 201, body: inVersion(resource, stored) };
}

/** Store.Create with its retries for generated names. Shared with writes that create what they did not find. */
export async function storeNewObject(
  call: Call,
  object: KubeObject,
  options: WriteOptions,
  review: JsonObject,
): Promise<KubeObject> {
  const generated = !object.metadata.name && Boolean(object.metadata.generateName);
  for (let attempt = 1; ; attempt++) {
    try {
      return await storeOnce(call, generated ? copy(object) : object, options, review);
    } catch (error) {
      const taken = error instanceof StatusError && error.status.reason === 'AlreadyExists';
      if (!generated || !taken || attempt === NAME_ATTEMPTS) throw error;
    }
  }
}

/** rest.BeforeCreate, validating admission, and the write. */
async function storeOnce(
  call: Call,
  object: KubeObject,
  options: WriteOptions,
  review: JsonObject,
): Promise<KubeObject> {
  const { resource, parts } = call;
  const strategy = strategyOf(call);
  const context = writeContext(call, options.dryRun);
  const { metadata } = object;
  fillSystemFields(metadata, call.now);
  matchNamespace(metadata, call.namespace);
  strategy.prepareCreate?.(object, context);
  if (strategy.generationOn) metadata.generation = 1;
  const errors = strategy.validateCreate?.(object, context) ?? [];
  if (errors.length > 0) throw invalid(kindOf(resource, object), metadata.name ?? '', errors);
  const metaErrors = validateObjectMeta(metadata, resource.namespaced, isPathSegmentName, 'metadata');
  if (metaErrors.length > 0) throw invalid(kindOf(resource, object), metadata.name ?? '', metaErrors);
  for (const warning of strategy.warnings?.(object, undefined) ?? []) call.warn(warning);
  await validate(
    call,
    attributesOf(call, 'CREATE', { name: metadata.name, object, options: review, dryRun: options.dryRun }),
  );
  if (versionOf(object) !== 0) throw failure(500, '', 'resourceVersion should not be set on objects to be created');
  delete metadata.resourceVersion;
  const existing = parts.store.get(resource.storageKey, call.namespace, metadata.name);
  if (existing) {
    const refusal = alreadyExists(resource, metadata.name);
    if (!existing.metadata.deletionTimestamp) throw refusal;
    throw failure(409, 'AlreadyExists', `object is being deleted: ${refusal.message}`, refusal.status.details);
  }
  return options.dryRun ? object : parts.store.create(resource.storageKey, object);
}
