/** Server-side apply (structured-merge-diff/v6/merge/update.go: Apply; apimachinery/pkg/util/managedfields/internal/structuredmerge.go). */
import { badRequest, failure } from '../status.ts';
import { equal } from '../storage/json.ts';
import type { JsonObject, KubeObject, Schema } from '../types.ts';
import { compare, fieldSetOf, withNamedFields } from './compare.ts';
import { conflictError } from './conflict.ts';
import { FieldSet } from './fieldset.ts';
import { fieldsLastApplied, updateLastApplied } from './last-applied.ts';
import { type Manager, decodeManagers, identityOf, storeManagers, unmanaged, withoutManagers } from './managers.ts';
import { merge, removeItems } from './merge.ts';
import { contestedBy, disown, filtered, ownedByAnyone } from './ownership.ts';
import { trackUpdate, type WriteInfo } from './track.ts';
import { isMap } from './typed.ts';
import { typeErrors } from './validate.ts';

export interface ApplyRequest extends WriteInfo {
  /** The object as stored; undefined when the apply creates it. */
  live: KubeObject | undefined;
  /** The configuration as sent. */
  config: JsonObject;
  /** The kind that the URL stands for. */
  kind: string;
  force: boolean;
}

/**
 * The object that results from an apply, with its managedFields: the live one, what the configuration says, without what
 * the manager applied before and now leaves out. Not yet defaulted.
 * @throws StatusError 409 with one cause for each contested field, 400 for another kind, 500 when the configuration does not fit the type.
 */
export function applyPatch(request: ApplyRequest): KubeObject {
  const { live, config, schema, apiVersion, force, reset = new FieldSet() } = request;
  checkType(request);
  const object = live === undefined ? {} : withoutManagers(live);
  const managers = decodeManagers(live?.metadata.managedFields);
  if (live !== undefined && managers.size === 0)
    trackUpdate(managers, undefined, live, { ...request, manager: 'before-first-apply' });
  const errors = typeErrors(config, schema);
  if (errors.length > 0)
    throw failure(500, '', `failed to create typed patch object (${title(request)}): ${bundle(errors)}`);

  const applier: Manager = {
    manager: request.manager,
    operation: 'Apply',
    apiVersion,
    ...(request.subresource !== undefined && { subresource: request.subresource }),
    fields: fieldSetOf(config, schema).without(reset),
  };
  const identity = identityOf(applier);
  const last = managers.get(identity);
  managers.set(identity, applier);
  const merged = merge(object, config, schema);
  const result = (
    last === undefined ? merged : prune(merged, last.fields, ownedByAnyone(managers), schema)
  ) as KubeObject;
  if (!isMap(result.metadata)) result.metadata = { name: '' };
  const change = filtered(compare(object, result, schema), reset);
  const contested = force ? [] : contestedBy(managers, identity, change);
  const takenOver =
    request.manager === 'kubectl' && live !== undefined ? fieldsLastApplied(live, apiVersion, schema) : new FieldSet();
  const left = contested.map((manager) => ({ ...manager, fields: manager.fields.difference(takenOver) }));
  if (left.some(({ fields }) => !fields.isEmpty)) throw conflictError(left);
  disown(managers, identity, change);

  const fields = applier.fields.difference(unmanaged);
  // The time moves only when the object does (managedfieldsupdater.go).
  const time = equal(object, result) ? last?.time : seconds(request.now);
  if (fields.isEmpty) managers.delete(identity);
  else managers.set(identity, { ...applier, fields, ...(time !== undefined && { time }) });
  storeManagers(result, managers);
  if (request.manager === 'kubectl') updateLastApplied(result, config);
  return result;
}

/** RFC 3339 without fractions, as metav1.Time is written. */
export function seconds(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

function checkType({ config, apiVersion, kind }: ApplyRequest): void {
  const version = typeof config['apiVersion'] === 'string' ? config['apiVersion'] : '';
  const actual = typeof config['kind'] === 'string' ? config['kind'] : '';
  if (version !== apiVersion || actual !== kind) {
    throw badRequest(`invalid object type: ${version.includes('/') ? version : `/${version}`}, Kind=${actual}`);
  }
  const metadata = config['metadata'];
  if (
    typeof metadata === 'object' &&
    metadata !== null &&
    'managedFields' in metadata &&
    metadata.managedFields !== null
  ) {
    throw badRequest('metadata.managedFields must be nil');
  }
}

/** Removes what the manager applied last time, unless it is applied again or somebody else owns it. */
function prune(merged: unknown, last: FieldSet, owned: FieldSet, schema: Schema | undefined): unknown {
  const lastNamed = withNamedFields(last, schema);
  const all = withNamedFields(fieldSetOf(merged, schema), schema);
  const remaining = (value: unknown): FieldSet => withNamedFields(fieldSetOf(value, schema), schema);
  const pruned = removeItems(merged, lastNamed, schema);
  const ownedBack = removeItems(
    merged,
    all.difference(remaining(pruned).union(withNamedFields(owned, schema))),
    schema,
  );
  return removeItems(merged, all.difference(remaining(ownedBack)).intersection(lastNamed), schema);
}

function title({ config, apiVersion, kind }: ApplyRequest): string {
  const { name = '', namespace = '' } = (config['metadata'] ?? {}) as { name?: string; namespace?: string };
  return `${namespace}/${name}; ${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

function bundle(errors: string[]): string {
  return errors.length === 1 ? (errors[0] ?? '') : `errors:\n${errors.map((error) => `  ${error}`).join('\n')}`;
}
