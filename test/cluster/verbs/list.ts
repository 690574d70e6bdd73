import { listOptions } from '../http/options.ts';
import type { ListOptions } from '../http/options.ts';
import { StatusError, badRequest, failure, timeout } from '../status.ts';
import { decodeContinue, encodeContinue } from '../storage/continue.ts';
import type { Continue } from '../storage/continue.ts';
import { objectKey } from '../storage/table.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import { inVersion } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { selectionOf } from './selection.ts';

export interface Page {
  items: KubeObject[];
  metadata: JsonObject;
}

/** GET of a collection (endpoints/handlers/get.go ListResource, storage/etcd3/store.go GetList). */
export function list(call: Call): Outcome {
  const { resource } = call;
  const { items, metadata } = pageOf(call, listOptions(call.query));
  return {
    status: 200,
    body: {
      kind: resource.listKind,
      apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
      // The lists of custom resources are untyped, and so never leave the token out.
      metadata: resource.custom ? { continue: '', ...metadata } : metadata,
      items: items.map((item) => inVersion(resource, item)),
    },
  };
}

function revisionOf(text: string): number | undefined {
  if (text === '' || text === '0') return undefined;
  if (!/^\d+$/v.test(text))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  return Number(text);
}

/**
 * The selected objects, at the asked revision, one page of them.
 * @throws StatusError 400 for options that make no sense, 410 for revisions that are no longer kept
 */
export function pageOf(call: Call, options: ListOptions): Page {
  const { store } = call.parts;
  const { storageKey } = call.resource;
  const selects = selectionOf(call.resource, options);
  const asked = revisionOf(options.resourceVersion);
  if (options.continue && options.resourceVersion && options.resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const from = options.continue ? decodeContinue(options.continue) : undefined;
  // Without a match, a limited list at a version is an exact one: that is how pages worked once.
  const exactly = options.resourceVersionMatch === 'Exact' || (!options.resourceVersionMatch && options.limit > 0);
  const exact = from ? (from.revision > 0 ? from.revision : undefined) : exactly ? asked : undefined;
  if (asked !== undefined) requireReached(asked, store.revision);
  const revision = exact ?? store.revision;
  let objects = exact === undefined ? store.list(storageKey, call.namespace) : past(call, exact, from);
  if (from) objects = objects.filter((object) => keyOf(object) > from.after);
  if (selects) objects = objects.filter(selects);
  // What comes from the cache comes whole (storage/cacher/cacher.go computeListLimit).
  const limited = options.limit > 0 && options.resourceVersion !== '0';
  const more = limited && objects.length > options.limit;
  const items = more ? objects.slice(0, options.limit) : objects;
  const last = items.at(-1);
  return {
    items,
    metadata: {
      resourceVersion: String(revision),
      ...(more && last ? { continue: encodeContinue({ revision, after: keyOf(last) }) } : {}),
      // A selector makes the number unknown to a real server, which reads no further than it must.
      ...(more && !selects ? { remainingItemCount: objects.length - items.length } : {}),
    },
  };
}

function keyOf(object: KubeObject): string {
  return objectKey(object.metadata.namespace, object.metadata.name);
}

/** storage.NewTooLargeResourceVersionError. A real server waits three seconds first; here nothing is ever late. */
export function requireReached(asked: number, current: number): void {
  if (asked <= current) return;
  const { status } = timeout(`Too large resource version: ${asked}, current: ${current}`, 1);
  throw failure(504, 'Timeout', status.message ?? '', {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

const INCONSISTENT_CONTINUE =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

/** The list at a revision; a page that comes too late gets a token with which it may go on (etcd3/errors.go). */
function past(call: Call, revision: number, from: Continue | undefined): KubeObject[] {
  const { store } = call.parts;
  try {
    return store.listAt(call.resource.storageKey, revision, call.namespace);
  } catch (error) {
    if (!from || !(error instanceof StatusError) || error.code !== 410) throw error;
    const { status } = failure(410, 'Expired', INCONSISTENT_CONTINUE);
    throw new StatusError({ ...status, metadata: { continue: encodeContinue({ ...from, revision: -1 }) } });
  }
}
