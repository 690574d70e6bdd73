/** Where a stored object differs from what is wanted. Fields that are not wanted belong to others and are not compared. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at, isObject, member } from './json.ts';
import { APPLIED_ANNOTATION, type DesiredObject } from './plan-objects.ts';

/** The key fields of the map lists in the objects that the operator applies (x-kubernetes-list-map-keys). */
const MAP_KEYS: Readonly<Record<string, string>> = {
  webhooks: 'name',
  ownerReferences: 'uid',
  matchConditions: 'name',
};

/**
 * The path of the first wanted field that the stored object lacks or has otherwise; undefined when it has them all.
 * Lists are compared as a whole, but for map lists, where foreign items may stand beside ours.
 */
export function firstDifference(wanted: unknown, stored: unknown, path = ''): string | undefined {
  if (isObject(wanted)) {
    if (!isObject(stored)) return path;
    for (const [key, value] of Object.entries(wanted)) {
      const inside = path === '' ? key : `${path}.${key}`;
      const difference = firstDifference(value, member(stored, key), inside);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Array.isArray(wanted)) return listDifference(wanted, stored, path);
  return wanted === stored ? undefined : path;
}

function listDifference(wanted: readonly unknown[], stored: unknown, path: string): string | undefined {
  if (!Array.isArray(stored)) return path;
  const key = MAP_KEYS[path.slice(path.lastIndexOf('.') + 1)];
  if (key === undefined && wanted.length !== stored.length) return path;
  for (const [index, item] of wanted.entries()) {
    const name = key === undefined ? index : member(item, key);
    const other: unknown =
      key === undefined ? stored[index] : stored.find((candidate) => member(candidate, key) === name);
    const difference = firstDifference(item, other, `${path}[${String(name)}]`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

export type Drift = { kind: 'Missing' } | { kind: 'Outdated' } | { kind: 'Altered'; path: string };

/** How the stored object falls short of what is wanted: not there, of an older wish of ours, or changed by somebody else. */
export function driftOf(wanted: DesiredObject, stored: JsonObject | undefined): Drift | undefined {
  if (stored === undefined) return { kind: 'Missing' };
  const applied = at(stored, ['metadata', 'annotations', APPLIED_ANNOTATION]);
  const path = firstDifference({ ...wanted, metadata: { ...wanted.metadata, annotations: {} } }, stored);
  if (applied !== wanted.metadata.annotations[APPLIED_ANNOTATION]) {
    // No digest at all, though the object is there: somebody replaced it by hand.
    return path !== undefined && applied === undefined ? { kind: 'Altered', path } : { kind: 'Outdated' };
  }
  return path === undefined ? undefined : { kind: 'Altered', path };
}
