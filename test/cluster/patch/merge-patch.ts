import { badRequest } from '../status.ts';
import type { JsonObject } from '../types.ts';
import { isMap } from './typed.ts';

/** Applies a JSON merge patch (RFC 7396). @throws StatusError 400 when it is no object. */
export function mergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (!isMap(patch))
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`,
    );
  return merged(object, patch) as JsonObject;
}

function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: JsonObject = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(Object.hasOwn(result, key) ? result[key] : undefined, value);
  }
  return result;
}
