/**
 * Decoding as the API server does it into Go types: wrong types are refused, unknown and duplicate fields are reported
 * (apimachinery/pkg/runtime/serializer/json, sigs.k8s.io/json).
 */
import { goTypeOf } from '../../../hack/kubernetes-types.ts';
import { parseQuantity } from '../cel/quantity.ts';
import type { JsonObject, Schema } from '../types.ts';
import { duplicateFields } from './json.ts';

/** What cannot be decoded at all; the message is the text after "cannot be handled as a KIND: ". */
export class DecodeError extends Error {}

export interface Decoded {
  /** A copy without unknown fields and nulls. */
  object: JsonObject;
  /** `unknown field "spec.x"`, `duplicate field "data.a"`: refused, warned about or ignored, as fieldValidation says. */
  strictErrors: string[];
}

/**
 * Decodes an object of a built-in type.
 * @param source JSON text (then duplicate fields are found too) or a parsed object.
 * @throws DecodeError for wrong types ('json: cannot unmarshal ...'), SyntaxError for what is no JSON.
 */
export function decodeStrict(source: string | JsonObject, schema: Schema): Decoded {
  const value = typeof source === 'string' ? (JSON.parse(source) as unknown) : source;
  const strictErrors = typeof source === 'string' ? duplicateErrors(source) : [];
  const object = decodeValue(value, schema, { struct: '', goPath: [], path: '', unknown: strictErrors });
  return { object: object as JsonObject, strictErrors };
}

/** `duplicate field "data.a"` for every field that occurs twice in a JSON text. */
export function duplicateErrors(text: string): string[] {
  return duplicateFields(text).map((path) => `duplicate field ${JSON.stringify(path)}`);
}

interface Position {
  /** Name of the innermost Go struct. */
  struct: string;
  /** Fields from the root, without indexes, as Go's decoder counts them. */
  goPath: string[];
  /** Path as strict errors show it. */
  path: string;
  unknown: string[];
}

function decodeValue(value: unknown, schema: Schema, at: Position): unknown {
  if (value === null || schema['x-kubernetes-preserve-unknown-fields'] === true) return value;
  if (schema['x-kubernetes-int-or-string'] === true) return decodeIntOrString(value, schema);
  const wrong = typeMismatch(value, schema);
  // Times decode themselves, without knowing where they are.
  if (wrong !== undefined && schema.format === 'date-time')
    throw new DecodeError(`json: cannot unmarshal ${wrong} into Go value of type string`);
  if (wrong !== undefined) throw mismatch(wrong, goType(schema, `${at.struct}.${at.goPath.at(-1)}`), at);
  if (Array.isArray(value))
    return value.map((item: unknown, index) =>
      decodeValue(item, schema.items ?? {}, { ...at, path: `${at.path}[${index}]` }),
    );
  if (typeof value === 'object')
    return schema.properties === undefined ? decodeMap(value, schema, at) : decodeStruct(value, schema, at);
  if (typeof value === 'string' && schema.format === 'byte') checkBase64(value);
  if (typeof value === 'string' && schema.format === 'date-time')
    checkTime(value, MICRO_TIMES.has(at.goPath.at(-1) ?? ''));
  return value;
}

function decodeStruct(value: object, schema: Schema, at: Position): JsonObject {
  const struct = goTypeOf(schema)?.replace(/^.*\./, '') ?? at.struct;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value) as [string, unknown][]) {
    const path = at.path === '' ? key : `${at.path}.${key}`;
    const property = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined;
    if (property === undefined) at.unknown.push(`unknown field ${JSON.stringify(path)}`);
    else if (item !== null)
      result[key] = decodeValue(item, property, { ...at, struct, goPath: [...at.goPath, key], path });
  }
  return result;
}

function decodeMap(value: object, schema: Schema, at: Position): JsonObject {
  const { additionalProperties } = schema;
  const values = typeof additionalProperties === 'object' ? additionalProperties : {};
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => {
    // A null in a map of strings is the empty string: Go's zero value.
    const zero = item === null && values.type === 'string' ? '' : item;
    return [key, decodeValue(zero, values, { ...at, path: `${at.path}.${key}` })];
  });
  return Object.fromEntries(entries) as JsonObject;
}

function decodeIntOrString(value: unknown, schema: Schema): unknown {
  const isQuantity = schema['pattern'] !== undefined;
  if (isQuantity && parseQuantity(String(value)) === undefined) {
    throw new DecodeError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }
  if (typeof value === 'string') return value;
  if (typeof value !== 'number')
    throw new DecodeError(`json: cannot unmarshal ${jsonType(value)} into Go value of type int32`);
  return isQuantity ? String(value) : value;
}

/** The JSON type when it does not fit, as Go names it. */
function typeMismatch(value: unknown, { type, format }: Schema): string | undefined {
  const actual = jsonType(value);
  if (type === 'integer' && typeof value === 'number') {
    const limit = format === 'int32' ? 2 ** 31 : 2 ** 63;
    return Number.isInteger(value) && value < limit && value >= -limit ? undefined : `number ${JSON.stringify(value)}`;
  }
  const expected = type === 'boolean' ? 'bool' : type === 'integer' ? 'number' : type;
  return expected === undefined || actual === expected ? undefined : actual;
}

function jsonType(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function mismatch(actual: string, expected: string, { struct, goPath }: Position): DecodeError {
  const where = goPath.length === 0 ? 'Go value' : `Go struct field ${struct}.${goPath.join('.')}`;
  return new DecodeError(`json: cannot unmarshal ${actual} into ${where} of type ${expected}`);
}

/** Fields whose strings have a type of their own. */
const namedStrings: Record<string, string> = {
  'Condition.status': 'v1.ConditionStatus',
  'Container.imagePullPolicy': 'v1.PullPolicy',
  'ContainerPort.protocol': 'v1.Protocol',
  'CustomResourceDefinitionSpec.scope': 'v1.ResourceScope',
  'DeploymentStrategy.type': 'v1.DeploymentStrategyType',
  'MutatingWebhook.failurePolicy': 'v1.FailurePolicyType',
  'MutatingWebhook.matchPolicy': 'v1.MatchPolicyType',
  'MutatingWebhook.reinvocationPolicy': 'v1.ReinvocationPolicyType',
  'MutatingWebhook.sideEffects': 'v1.SideEffectClass',
  'ObjectMeta.uid': 'types.UID',
  'PodSpec.dnsPolicy': 'v1.DNSPolicy',
  'PodSpec.restartPolicy': 'v1.RestartPolicy',
  'PodStatus.phase': 'v1.PodPhase',
  'Secret.type': 'v1.SecretType',
  'ServicePort.protocol': 'v1.Protocol',
  'ServiceSpec.sessionAffinity': 'v1.ServiceAffinity',
  'ServiceSpec.type': 'v1.ServiceType',
  'ValidatingWebhook.failurePolicy': 'v1.FailurePolicyType',
  'ValidatingWebhook.matchPolicy': 'v1.MatchPolicyType',
  'ValidatingWebhook.sideEffects': 'v1.SideEffectClass',
};

function goType(schema: Schema, field = ''): string {
  if (schema.type === 'array') return `[]${goType(schema.items ?? {})}`;
  if (schema.type === 'integer') return schema.format ?? 'int64';
  if (schema.type === 'boolean') return 'bool';
  if (schema.type === 'number') return 'float64';
  if (schema.type === 'string') return schema.format === 'byte' ? '[]uint8' : (namedStrings[field] ?? 'string');
  if (schema['x-kubernetes-int-or-string'] === true) return 'resource.Quantity';
  const { additionalProperties } = schema;
  if (typeof additionalProperties !== 'object') return goTypeOf(schema) ?? 'map[string]interface {}';
  return additionalProperties['pattern'] === undefined
    ? `map[string]${goType(additionalProperties)}`
    : 'v1.ResourceList';
}

/** encoding/base64: line breaks are passed over, the first wrong byte is named. */
function checkBase64(text: string): void {
  const data = text.replaceAll(/[\r\n]/g, '');
  const valid = /^[A-Za-z0-9+/]*/.exec(data)?.[0].length ?? 0;
  const padding = data.slice(valid);
  const complete =
    (valid + padding.length) % 4 === 0 && /^={0,2}$/.test(padding) && !(padding.length > 0 && valid % 4 < 2);
  if (!complete)
    throw new DecodeError(
      `illegal base64 data at input byte ${padding === '' || /^=+$/.test(padding) ? firstBadByte(data, valid) : valid}`,
    );
}

function firstBadByte(data: string, valid: number): number {
  return valid < data.length ? (valid % 4 < 2 ? valid : data.length) : valid - (valid % 4 === 0 ? 0 : valid % 4);
}

/** Fields of the type MicroTime, which the schemas do not tell from other times. They must have a fraction (meta/v1/micro_time.go). */
export const MICRO_TIMES = new Set(['acquireTime', 'renewTime', 'eventTime', 'lastObservedTime']);

function checkTime(text: string, isMicro: boolean): void {
  const zone = isMicro ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.exec(text)?.[1] : undefined;
  if (zone !== undefined)
    throw new DecodeError(
      `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(zone)} as ".000000"`,
    );
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text)))
    return;
  throw new DecodeError(
    `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
  );
}
