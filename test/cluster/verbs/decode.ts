/** Bodies as objects of the resource's kind (endpoints/handlers/rest.go, runtime/serializer/json). */
import { bodyText, duplicateYamlKeys, mediaType } from '../http/body.ts';
import type { FieldValidation } from '../http/options.ts';
import { decodeStrict, duplicateErrors } from '../schema/decode.ts';
import { badRequest } from '../status.ts';
import type { JsonObject, KubeObject } from '../types.ts';
import type { Call } from './call.ts';
import { strategyOf } from './call.ts';

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function apiVersionOf({ group, version }: { group: string; version: string }): string {
  return group ? `${group}/${version}` : version;
}

export interface DecodedObject {
  object: KubeObject;
  /** Unknown and duplicate fields. */
  strictErrors: string[];
}

/**
 * Reads an object of the call's kind, in its own version; kind and apiVersion may be left out.
 * @throws Error for what does not fit the type; the caller says what was being decoded.
 */
export function decodeObject(call: Call, source: string | JsonObject): DecodedObject {
  const { resource } = call;
  const schema = resource.schema();
  const decoded = resource.decode?.(source) ?? (schema ? decodeStrict(source, schema) : decodeUntyped(source));
  if (!isObject(decoded.object)) throw new Error(`json: cannot unmarshal into Go value of type ${resource.kind}`);
  const { object, strictErrors } = decoded;
  object['kind'] ??= resource.kind;
  object['apiVersion'] ??= apiVersionOf(resource);
  // Custom resources have no types to choose from; their validation tells a wrong kind.
  if (object['kind'] !== resource.kind && !resource.custom) {
    throw new Error(
      `no kind ${JSON.stringify(object['kind'])} is registered for version ${JSON.stringify(object['apiVersion'])}`,
    );
  }
  const metadata = (object['metadata'] ??= {});
  if (!isObject(metadata))
    throw new Error('json: cannot unmarshal string into Go struct field .metadata of type v1.ObjectMeta');
  delete metadata['selfLink'];
  return { object: object as unknown as KubeObject, strictErrors };
}

function decodeUntyped(source: string | JsonObject): { object: JsonObject; strictErrors: string[] } {
  if (typeof source !== 'string') return { object: source, strictErrors: [] };
  return { object: JSON.parse(source) as JsonObject, strictErrors: duplicateErrors(source) };
}

/** The error for strict errors, as runtime.NewStrictDecodingError words it. */
export function strictText(errors: string[]): string {
  return `strict decoding error: ${errors.join(', ')}`;
}

/** Decodes and defaults the body of a POST or PUT. @throws StatusError 400, 415 */
export function decodeBody(call: Call, validation: FieldValidation): KubeObject {
  const { resource } = call;
  const text = bodyText(call.contentType, call.body);
  let decoded: DecodedObject;
  try {
    decoded = decodeObject(call, text);
  } catch (error) {
    throw undecodable(call, text, (error as Error).message);
  }
  const { object } = decoded;
  const twice = mediaType(call.contentType) === 'application/yaml' ? duplicateYamlKeys(call.body.toString('utf8')) : [];
  const yamlErrors = twice.length > 0 ? [['yaml: unmarshal errors:', ...twice].join('\n  ')] : [];
  const strictErrors = [...yamlErrors, ...decoded.strictErrors];
  if (strictErrors.length > 0 && validation === 'Strict') throw undecodable(call, text, strictText(strictErrors));
  if (validation === 'Warn') for (const error of [...twice, ...decoded.strictErrors]) call.warn(error);
  const expected = apiVersionOf(resource);
  if (object.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  strategyOf(call).defaults?.(object);
  return object;
}

const SUMMARY_LENGTH = 30;

/** handlers/rest.go transformDecodeError, summarizeData */
function undecodable({ resource, body }: Call, text: string, problem: string): Error {
  const type = typeOf(text);
  // A custom resource has no Go type that would know its kind.
  if (!type || (resource.custom && !type['kind'])) {
    const start = body.subarray(0, SUMMARY_LENGTH);
    const shown = text.startsWith('{') ? start.toString('utf8') : start.toString('hex');
    const summary = body.length === 0 ? '<empty>' : body.length > SUMMARY_LENGTH ? `${shown} ...` : shown;
    return badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): ${problem} (${summary})`,
    );
  }
  const { kind = resource.kind, apiVersion = apiVersionOf(resource) } = type;
  const version = String(apiVersion).split('/').at(-1);
  return badRequest(
    `${String(kind)} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}: ${problem}`,
  );
}

/** The type that a text says it is of; undefined when it is no JSON object. */
function typeOf(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The DeleteOptions in the body; undefined when there is none. @throws StatusError 400, 415 */
export function decodeDeleteOptions(call: Call): JsonObject | undefined {
  if (call.body.length === 0) return undefined;
  const text = bodyText(call.contentType, call.body);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
  if (!isObject(parsed) || (parsed['kind'] ?? 'DeleteOptions') !== 'DeleteOptions') {
    throw badRequest('decoded object cannot be converted to DeleteOptions');
  }
  return parsed;
}
