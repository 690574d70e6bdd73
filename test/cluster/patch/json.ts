import { applyJsonPatch } from '../admission/json-patch.ts';
import { badRequest, failure, requestEntityTooLarge } from '../status.ts';
import type { JsonObject } from '../types.ts';

/** apiserver/pkg/endpoints/handlers/patch.go: maxJSONPatchOperations */
const maxOperations = 10_000;

/**
 * Applies a JSON patch (RFC 6902) to a copy.
 * @throws StatusError 400 when it is no patch, 413 when it is too long, 422 without details when an operation fails.
 */
export function jsonPatch(object: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  }
  if (operations.length > maxOperations) {
    throw requestEntityTooLarge(
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }
  try {
    return applyJsonPatch(object, operations as JsonObject[]);
  } catch {
    // Admission tells what was wrong; here no text of the library reaches the client.
    throw failure(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
  }
}
