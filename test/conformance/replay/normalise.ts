/** Makes answers of different servers and runs comparable: what may differ gets a placeholder. */

import { describeCertificate } from './certificate.ts';
import type { Identities } from './identities.ts';
import { isObject, mapEntries, own, ownString, type JsonObject } from './json.ts';

export interface NormaliseOptions {
  /** Keeps managedFields, which are dropped otherwise. */
  managedFields?: boolean | undefined;
}

/** Where a value stands: its own key and the one above; elements of a list have their index. */
interface Place {
  key: string;
  parent: string;
}

const AGE = /^(<invalid>|<unknown>|(\d+[smhdy]){1,2})$/;

/** The value with placeholders for uids, versions, times, addresses and the like. */
export const normalise = (value: unknown, identities: Identities, options: NormaliseOptions = {}): unknown => {
  identities.learn(value);
  return walk(value, { key: '', parent: '' }, identities, options);
};

const walk = (value: unknown, place: Place, identities: Identities, options: NormaliseOptions): unknown => {
  const child = (key: string, element: unknown): unknown =>
    walk(element, { key, parent: place.key }, identities, options);
  if (typeof value === 'string') return wholeString(value, place) ?? identities.text(value);
  if (typeof value === 'number' && value > 0 && /^(nodePort|healthCheckNodePort)$/.test(place.key)) return '<port>';
  if (Array.isArray(value)) return value.map((element, index) => child(String(index), element));
  if (!isObject(value)) return value;
  return mapEntries(withoutChance(value), (key, element) => {
    if (key === 'selfLink' && place.key === 'metadata') return undefined;
    if (key === 'managedFields') {
      return options.managedFields === true ? [key, child(key, sortedByManager(element))] : undefined;
    }
    if (key === 'resourceVersion' && place.key === 'metadata' && typeof element === 'string') {
      return [key, identities.version(ownString(value, 'uid'), element)];
    }
    return [identities.text(key), child(key, element)];
  });
};

/** The placeholder of strings that are told by where they stand. */
const wholeString = (value: string, { key, parent }: Place): unknown => {
  if (value === '') return undefined;
  if (key === 'certificate' && parent === 'status') return certificateOr(value);
  if ((key === 'clusterIP' || parent === 'clusterIPs') && value !== 'None') return '<ip>';
  if (key === 'continue' && parent === 'metadata') return '<continue>';
  return key === 'serverAddress' ? '<address>' : undefined;
};

const certificateOr = (text: string): unknown => {
  try {
    return describeCertificate(text);
  } catch {
    return undefined;
  }
};

const sortedBy = <T>(values: readonly T[], order: (value: T) => string): T[] =>
  [...values].sort((a, b) => (order(a) < order(b) ? -1 : 1));

/** The server orders the entries by their time in seconds, so their order hangs on the clock. */
const sortedByManager = (entries: unknown): unknown =>
  Array.isArray(entries)
    ? sortedBy(entries, (entry) =>
        ['manager', 'operation', 'subresource'].map((key) => ownString(entry, key) ?? '').join(' '),
      )
    : entries;

const withoutAge = (row: unknown): unknown => {
  const cells = own(row, 'cells');
  if (!isObject(row) || !Array.isArray(cells)) return row;
  return { ...row, cells: cells.map((cell) => (typeof cell === 'string' && AGE.test(cell) ? '<age>' : cell)) };
};

/** Ages in tables pass, and the order of verbs and resources in discovery documents carries no meaning. */
const withoutChance = (object: JsonObject): JsonObject => {
  const { kind, rows, verbs, resources } = object;
  if (kind === 'Table' && Array.isArray(rows)) return { ...object, rows: rows.map(withoutAge) };
  if (kind === 'APIResourceList' && Array.isArray(resources)) {
    return { ...object, resources: sortedBy(resources, (resource) => ownString(resource, 'name') ?? '') };
  }
  const isResource = Object.hasOwn(object, 'singularName') || Object.hasOwn(object, 'singularResource');
  return isResource && Array.isArray(verbs) ? { ...object, verbs: sortedBy(verbs, String) } : object;
};
