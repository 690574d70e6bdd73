/**
 * Whether a pod's item is one of ours, by content: what the API server stored of what we added. Between two calls it
 * fills in defaults, drops zero values, rewrites quantities, and other webhooks append to lists.
 */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { canonicalJson, isObject, member } from './json.ts';
import { sameQuantity } from './quantity.ts';

/** Fields whose values are resource.Quantity, or maps of them. */
const QUANTITY_FIELDS = new Set(['limits', 'requests', 'sizeLimit', 'divisor']);
/** What a container runs: something there that the template does not ask for makes it another program. */
const EXACT_FIELDS = ['command', 'args'];

function isZero(value: unknown): boolean {
  return value === null || value === undefined || value === '' || value === 0 || value === false;
}

/** Whether `actual` holds everything that `wanted` says; what `actual` has besides does not matter. */
export function contains(actual: unknown, wanted: unknown, inQuantity = false): boolean {
  if (isZero(wanted)) return isZero(actual);
  if (isObject(wanted)) {
    const keys = Object.keys(wanted);
    if (keys.length === 0) return actual === undefined || actual === null || isObject(actual);
    if (!isObject(actual)) return keys.every((key) => actual === undefined && isEmpty(wanted[key]));
    return keys.every((key) => contains(member(actual, key), wanted[key], inQuantity || QUANTITY_FIELDS.has(key)));
  }
  if (Array.isArray(wanted)) {
    if (wanted.length === 0) return actual === undefined || actual === null || Array.isArray(actual);
    if (!Array.isArray(actual)) return false;
    if (!wanted.every((item) => isObject(item))) return canonicalJson(actual) === canonicalJson(wanted);
    return wanted.every((item) => actual.some((candidate) => contains(candidate, item, inQuantity)));
  }
  return actual === wanted || (inQuantity && sameQuantity(actual, wanted));
}

function isEmpty(value: unknown): boolean {
  return (
    isZero(value) ||
    (isObject(value) && Object.keys(value).length === 0) ||
    (Array.isArray(value) && value.length === 0)
  );
}

/** Whether a pod's container is the template's: it has all that the template says, and runs no other command. */
export function isSameContainer(actual: JsonObject, wanted: JsonObject): boolean {
  return (
    contains(actual, wanted) &&
    EXACT_FIELDS.every((field) => {
      const [is, ought] = [member(actual, field), member(wanted, field)];
      return (isEmpty(is) && isEmpty(ought)) || canonicalJson(is) === canonicalJson(ought);
    })
  );
}

/** Whether a pod's volume is the template's. A volume has one source, and one without any is an emptyDir. */
export function isSameVolume(actual: JsonObject, wanted: JsonObject): boolean {
  return sourceOf(actual) === sourceOf(wanted) && contains(actual, wanted);
}

function sourceOf(volume: JsonObject): string {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== null);
  return sources.length === 0 ? 'emptyDir' : sources.sort().join();
}
