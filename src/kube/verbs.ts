/** The verbs of the API on raw JSON objects. Every function is one call (or one list) and throws ApiError or OperatorError. */

import { operatorError } from '../errors.ts';
import type { KubeClient } from './client.ts';
import { isNotFound } from './errors.ts';
import type { KubeList, KubeObject } from './objects.ts';
import { apiVersionOf, resourcePath, type ResourceRef } from './resources.ts';
import { retrying, type RetryOptions } from './retry.ts';

/** The one field manager of the operator: what it does not send under this name, it does not own. */
export const FIELD_MANAGER = 'sidecar-injector';

export interface ObjectKey {
  name: string;
  namespace?: string | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** For each try. */
  timeoutMs?: number | undefined;
  /** Tries after the first one, where a repetition can help and cannot harm. Default 3. */
  retries?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Everything but the write itself happens: admission, validation, defaults. */
  dryRun?: boolean | undefined;
  subresource?: string | undefined;
  fieldManager?: string | undefined;
}

const call = ({ signal, timeoutMs }: CallOptions): { signal?: AbortSignal; timeoutMs?: number } => ({
  ...(signal && { signal }),
  ...(timeoutMs !== undefined && { timeoutMs }),
});

const patience = ({ signal, retries }: CallOptions, idempotent = true): RetryOptions => ({
  idempotent,
  ...(signal && { signal }),
  ...(retries !== undefined && { retries }),
});

const writeQuery = (options: WriteOptions): Record<string, string | undefined> => ({
  dryRun: options.dryRun === true ? 'All' : undefined,
  fieldManager: options.fieldManager ?? FIELD_MANAGER,
  // Without it an unknown field is dropped in silence.
  fieldValidation: 'Strict',
});

/**
 * Whether the object is not there. The same 404 comes when the whole resource is not served (a CustomResourceDefinition
 * that is being replaced); only an object's own NotFound names it. Taking one for the other would mean that everything
 * was deleted: so that throws SI2008.
 */
const isNoSuchObject = (error: unknown, resource: ResourceRef): boolean => {
  if (!isNotFound(error)) return false;
  if (error.status?.details?.name !== undefined) return true;
  throw operatorError('SI2008', { resource: resource.plural }, { cause: error });
};

/** Reads one object; undefined when there is none. Throws SI2008 when the cluster does not serve the resource. */
export const get = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  key: ObjectKey,
  options: CallOptions = {},
): Promise<T | undefined> => {
  try {
    return await retrying(
      () => client.request<T>({ path: resourcePath(resource, key), ...call(options) }),
      patience(options),
    );
  } catch (error) {
    if (isNoSuchObject(error, resource)) return undefined;
    throw error;
  }
};

export interface ListOptions extends CallOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects per page. */
  limit?: number | undefined;
  /** Asks for PartialObjectMetadata: metadata without spec and status. */
  metadataOnly?: boolean | undefined;
}

/** Makes the API server send metadata only, in lists and in watches; a server that cannot sends the whole objects. */
export const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
export const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** One page of a list. `continueToken` is what the page before gave. */
export const listPage = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  options: ListOptions,
  continueToken?: string,
): Promise<KubeList<T>> =>
  client.request<KubeList<T>>({
    path: resourcePath(resource, { namespace: options.namespace }),
    query: {
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      limit: options.limit ?? 500,
      continue: continueToken,
    },
    ...(options.metadataOnly === true && { accept: METADATA_LIST }),
    ...call(options),
  });

/** All objects of a list, and the state of the server that they show. */
export interface Listed<T extends KubeObject> {
  items: T[];
  resourceVersion: string;
}

/** Reads all objects, page by page. Items get the apiVersion and kind that the API server leaves out. Throws ApiError 410 when a page came too late. */
export const list = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  options: ListOptions = {},
): Promise<Listed<T>> => {
  const items: T[] = [];
  for (let token: string | undefined; ;) {
    const from = token;
    const page = await retrying(() => listPage<T>(client, resource, options, from), patience(options));
    for (const item of page.items ?? []) items.push(withType(item, resource));
    token = page.metadata.continue;
    if (token === undefined || token === '') {
      return { items, resourceVersion: page.metadata.resourceVersion ?? '' };
    }
  }
};

/** The object with the apiVersion and kind of its resource; those of PartialObjectMetadata are replaced. */
export const withType = <T extends KubeObject>(object: T, resource: ResourceRef): T =>
  object.kind === resource.kind && object.apiVersion === apiVersionOf(resource)
    ? object
    : { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };

/** Creates; throws ApiError AlreadyExists. Tried again only where the server cannot have acted on the first try. */
export const create = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  object: T,
  options: WriteOptions = {},
): Promise<T> => {
  const { namespace, name } = object.metadata;
  // A subresource (a pod's eviction, a service account's token) is created under its object's name.
  const target =
    options.subresource === undefined ? { namespace } : { namespace, name, subresource: options.subresource };
  return retrying(
    () =>
      client.request<T>({
        method: 'POST',
        path: resourcePath(resource, target),
        query: writeQuery(options),
        body: object,
        ...call(options),
      }),
    patience(options, false),
  );
};

/**
 * Replaces the object: compare-and-swap when it carries metadata.resourceVersion, and then throws ApiError Conflict
 * when somebody else was faster.
 */
export const replace = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  object: T,
  options: WriteOptions = {},
): Promise<T> =>
  retrying(
    () =>
      client.request<T>({
        method: 'PUT',
        path: resourcePath(resource, { ...object.metadata, subresource: options.subresource }),
        query: writeQuery(options),
        body: object,
        ...call(options),
      }),
    patience(options, false),
  );

export interface RemoveOptions extends WriteOptions {
  /** The delete is refused with Conflict when the object is another one by now. */
  preconditions?: { uid?: string | undefined; resourceVersion?: string | undefined } | undefined;
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined;
}

/** Deletes; false when there was nothing to delete. */
export const remove = async (
  client: KubeClient,
  resource: ResourceRef,
  key: ObjectKey,
  options: RemoveOptions = {},
): Promise<boolean> => {
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(options.dryRun === true && { dryRun: ['All'] }),
    ...(options.preconditions && { preconditions: options.preconditions }),
    propagationPolicy: options.propagationPolicy ?? 'Background',
  };
  try {
    await retrying(
      () => client.request({ method: 'DELETE', path: resourcePath(resource, key), body, ...call(options) }),
      patience(options),
    );
    return true;
  } catch (error) {
    if (isNoSuchObject(error, resource)) return false;
    throw error;
  }
};

export interface ApplyOptions extends WriteOptions {
  /** Takes fields over from other managers. Default true: the operator repairs what others change in its own fields. */
  force?: boolean | undefined;
}

/**
 * Server-side apply: creates the object or sets exactly the fields in it; fields of other managers survive.
 * The object must not carry metadata.managedFields. With `metadata.resourceVersion` it is a compare-and-swap.
 */
export const apply = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  object: T,
  options: ApplyOptions = {},
): Promise<T> =>
  retrying(
    () =>
      client.request<T>({
        method: 'PATCH',
        path: resourcePath(resource, { ...object.metadata, subresource: options.subresource }),
        query: { ...writeQuery(options), force: options.force ?? true },
        // There is no JSON type for apply; JSON is YAML.
        contentType: 'application/apply-patch+yaml',
        body: object,
        ...call(options),
      }),
    patience(options),
  );
