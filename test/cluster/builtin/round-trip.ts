/**
 * What a round trip through Go's types does to an object: null and the zero values of optional fields vanish (`omitempty`), times and
 * quantities get their canonical text. The schemas do not tell pointers from values, so optional booleans and numbers are kept, unless
 * their name is in the table below.
 */
import { parseQuantity } from '../cel/quantity.ts';
import { MICRO_TIMES } from '../schema/decode.ts';
import type { JsonObject, Schema } from '../types.ts';

/** Optional fields of the built-in types that are no pointers in Go: false or 0 is the same as absent. */
const PLAIN = new Set(
  `hostNetwork hostPID hostIPC stdin stdinOnce tty paused publishNotReadyAddresses unschedulable readOnly deprecated hostPort nodePort
  minReadySeconds observedGeneration initialDelaySeconds healthCheckNodePort generation replicas readyReplicas updatedReplicas
  availableReplicas unavailableReplicas fullyLabeledReplicas active succeeded failed count`.split(/\s+/v),
);
/** Optional strings that are pointers: the empty text means something. */
const POINTER_TEXT = new Set(
  `storageClassName ingressClassName volumeAttributesClassName holderIdentity preferredHolder runtimeClassName`.split(
    ' ',
  ),
);

function isEmpty(value: unknown, name: string, parent: string, schema: Schema): boolean {
  if (value === null) return true;
  if (value === '') return !POINTER_TEXT.has(name);
  // The replicas of a spec are a pointer, those of a status are not.
  if (value === 0 || value === false) return PLAIN.has(name) && !(name === 'replicas' && parent === 'spec');
  // No managers is something else than not to speak of managers: it makes them start over.
  if (Array.isArray(value)) return value.length === 0 && name !== 'managedFields';
  const isMap = schema.additionalProperties !== undefined && schema.additionalProperties !== false;
  return isMap && typeof value === 'object' && Object.keys(value).length === 0;
}

function timeText(text: string, name: string): string {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) return text;
  const seconds = instant.toISOString().slice(0, 19);
  if (!MICRO_TIMES.has(name)) return `${seconds}Z`;
  const fraction = /\.(?<digits>\d+)/v.exec(text)?.groups?.['digits'] ?? '';
  return `${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 10n ** 9n;

/** The largest suffix that leaves a whole number. */
function suffixed(value: bigint, base: bigint, suffixes: string[]): string {
  let [rest, index] = [value, 0];
  while (rest !== 0n && rest % base === 0n && index < suffixes.length - 1) [rest, index] = [rest / base, index + 1];
  return `${rest}${suffixes[index] ?? ''}`;
}

/** Quantity.CanonicalizeBytes: 1000m is 1, 1024Mi is 1Gi; binary suffixes only from 1024 on. */
function quantityText(text: string): string {
  const quantity = parseQuantity(text);
  if (!quantity || /e[+\-]?\d|E[+\-]?\d/v.test(text)) return text;
  if (quantity.nanos === 0n) return '0';
  const isBinary =
    text.endsWith('i') && quantity.isInteger && (quantity.integer >= 1024n || quantity.integer <= -1024n);
  return isBinary ? suffixed(quantity.nanos / NANO, 1024n, BINARY) : suffixed(quantity.nanos, 1000n, DECIMAL);
}

const isQuantity = (schema: Schema): boolean =>
  schema['x-kubernetes-int-or-string'] === true && schema['pattern'] !== undefined;

function canonical(value: unknown, schema: Schema, name: string): unknown {
  if (schema.format === 'date-time' && typeof value === 'string') return timeText(value, name);
  if (isQuantity(schema) && (typeof value === 'string' || typeof value === 'number'))
    return quantityText(String(value));
  return value;
}

/** Brings all below `object` to the form that Go writes, in place. */
export function roundTrip(object: JsonObject, schema: Schema, parent = ''): void {
  for (const [name, value] of Object.entries(object)) {
    const { properties, additionalProperties } = schema;
    const known = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
    const of = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (of === undefined) continue;
    const isRequired = schema.required?.includes(name) && value !== null;
    if (known && !isRequired && isEmpty(value, name, parent, known)) delete object[name];
    else if (typeof value === 'object' && value !== null) descend(value, of, name);
    else object[name] = canonical(value, of, name);
  }
}

/** Times in conditions are structs in Go: an unset one is written as null. */
function showTimes(condition: JsonObject, schema: Schema): void {
  for (const [name, { format }] of Object.entries(schema.properties ?? {}))
    if (format === 'date-time') condition[name] ??= null;
}

function descend(value: object, schema: Schema, name: string): void {
  if (Array.isArray(value)) {
    const { items = {} } = schema;
    for (const item of value as unknown[]) if (typeof item === 'object' && item !== null) descend(item, items, name);
    return;
  }
  roundTrip(value as JsonObject, schema, name);
  if (name === 'conditions') showTimes(value as JsonObject, schema);
}
