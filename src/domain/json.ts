/** Reading raw JSON that somebody else wrote: nothing here throws, and keys of Object.prototype are ordinary keys. */
import type { JsonObject } from '../api/v1alpha1/types.ts';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member `key`, or undefined. */
export function member(object: unknown, key: string): unknown {
  return isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** What lies at the path; undefined where a step is missing. */
export function at(root: unknown, path: readonly (string | number)[]): unknown {
  let value = root;
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
    else value = member(value, String(step));
  }
  return value;
}

const NONE: readonly JsonObject[] = [];

/** The objects of the array at the path; empty when there is no such array. */
export function objectsAt(root: unknown, path: readonly (string | number)[]): readonly JsonObject[] {
  const value = at(root, path);
  if (!Array.isArray(value)) return NONE;
  return value.every((item) => isObject(item)) ? value : value.filter((item) => isObject(item));
}

/** The map at the path; empty when there is none. */
export function mapAt(root: unknown, path: readonly string[]): JsonObject {
  const value = at(root, path);
  return isObject(value) ? value : {};
}

/** Sets an own member, also for the key `__proto__`, where an assignment would change the prototype. */
export function setMember(object: JsonObject, key: string, value: unknown): void {
  // Defining a property is slow, and only this key needs it.
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** JSON text with the keys of every object sorted: equal for equal values, whatever the order of their keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

/** Whether two JSON values are equal, whatever the order of their keys. Costs nothing where both share the same object. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => sameJson(item, right[index]))
    );
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  );
}
