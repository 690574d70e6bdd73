import { equal } from '../storage/json.ts';
import type { KubeObject, Schema } from '../types.ts';
import { compare } from './compare.ts';
import { FieldSet } from './fieldset.ts';
import {
  type Manager,
  type Managers,
  decodeManagers,
  identityOf,
  storeManagers,
  unmanaged,
  withoutManagers,
} from './managers.ts';
import { disown, filtered } from './ownership.ts';
import { zeroObject } from './zero.ts';

/** Who writes, and through which endpoint. */
export interface WriteInfo {
  schema: Schema | undefined;
  /** Group and version of the endpoint, as in apiVersion. */
  apiVersion: string;
  /** `fieldManager` of the request, else the user agent up to the first slash. */
  manager: string;
  subresource?: string;
  /** Fields that this endpoint resets, so that nobody owns them through it. */
  reset?: FieldSet;
  now: Date;
}

/** More update managers than this are merged into one (capmanagers.go). */
const maxUpdateManagers = 10;
const oldUpdates = 'ancient-changes';

/**
 * Sets the managedFields of an object that a POST, PUT or a patch (other than apply) made: the writer owns what it changed
 * (apimachinery/pkg/util/managedfields/internal/fieldmanager.go: Update). A client may take managers out by sending managedFields.
 */
export function updateManagedFields(live: KubeObject | undefined, object: KubeObject, write: WriteInfo): void {
  const sent = write.subresource === undefined ? object.metadata.managedFields : undefined;
  // An empty list, or one empty entry, starts over.
  const fresh =
    sent !== undefined && (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0));
  const managers = fresh ? new Map<string, Manager>() : orLive(sent, live);
  delete object.metadata.managedFields;
  // Objects that were written before tracking began stay untracked.
  if (managers.size === 0 && live?.metadata.uid !== undefined) return;
  trackUpdate(managers, live, object, write);
  storeManagers(object, managers);
}

function orLive(sent: KubeObject['metadata']['managedFields'], live: KubeObject | undefined): Managers {
  for (const entries of [sent, live?.metadata.managedFields]) {
    try {
      const managers = decodeManagers(entries);
      if (managers.size > 0) return managers;
    } catch {
      // Malformed entries are passed over, as the server does.
    }
  }
  return new Map();
}

/** Records a change as an update by `write.manager`. */
export function trackUpdate(
  managers: Managers,
  live: KubeObject | undefined,
  object: KubeObject,
  write: WriteInfo,
): void {
  const { schema, reset = new FieldSet(), apiVersion, subresource, now } = write;
  const change = filtered(
    compare(live === undefined ? zeroObject(schema) : withoutManagers(live), withoutManagers(object), schema),
    reset,
  );
  // The writer itself loses what it changes as well, and gets it back below: so that only real changes move its time.
  disown(managers, undefined, change);
  const fields = change.modified.union(change.added).without(reset).difference(unmanaged);
  if (!fields.isEmpty) {
    const writer: Omit<Manager, 'fields'> = {
      manager: write.manager === '' ? 'unknown' : write.manager,
      operation: 'Update',
      apiVersion,
      ...(subresource !== undefined && { subresource }),
      time: `${now.toISOString().slice(0, 19)}Z`,
    };
    const identity = identityOf(writer);
    managers.set(identity, { ...writer, fields: fields.union(managers.get(identity)?.fields ?? new FieldSet()) });
  }
  capUpdates(managers);
}

function capUpdates(managers: Managers): void {
  const updates = [...managers]
    .filter(([, { operation }]) => operation === 'Update')
    .toSorted(([, a], [, b]) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
  for (const [identity, manager] of updates.slice(0, Math.max(0, updates.length - maxUpdateManagers + 1))) {
    if (updates.length <= maxUpdateManagers) return;
    managers.delete(identity);
    const bucket = { ...manager, manager: oldUpdates };
    const known = managers.get(identityOf(bucket));
    managers.set(identityOf(bucket), {
      ...bucket,
      fields: known === undefined ? bucket.fields : bucket.fields.union(known.fields),
    });
  }
}

/**
 * Puts the live managedFields back when nothing but their times differs, so that a write without effect stays one
 * (apiserver/pkg/endpoints/handlers/fieldmanager/equality.go). To be called after mutating admission. Entries are ordered
 * by their seconds; their order is not compared, so that the answer does not depend on where a second ends.
 */
export function keepUnchangedTimes(live: KubeObject, object: KubeObject): void {
  const strip = (entries: KubeObject['metadata']['managedFields']): unknown =>
    entries
      ?.map((entry) => ({ ...entry, time: undefined }))
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (!equal(withoutManagers(live), withoutManagers(object))) return;
  if (!equal(strip(live.metadata.managedFields), strip(object.metadata.managedFields))) return;
  if (live.metadata.managedFields !== undefined) object.metadata.managedFields = live.metadata.managedFields;
}
