/**
 * What a round trip through Go's types removes: null, and the zero values of optional fields (`omitempty`). The schemas do not tell
 * pointers from values, so optional booleans and numbers are kept, unless their name is in the table below.
 */
import type { JsonObject, Schema } from '../types.ts';

/** Optional fields of the built-in types that are no pointers in Go: false or 0 is the same as absent. */
const PLAIN = new Set(
  `hostNetwork hostPID hostIPC stdin stdinOnce tty paused publishNotReadyAddresses unschedulable readOnly deprecated hostPort nodePort
  minReadySeconds observedGeneration initialDelaySeconds healthCheckNodePort generation replicas readyReplicas updatedReplicas
  availableReplicas unavailableReplicas fullyLabeledReplicas active succeeded failed count`.split(/\s+/v),
);
/** Fields of a table name that are pointers all the same: replicas of a spec, nodePort never. */
const POINTER_PARENTS = new Set(['spec']);
/** Optional strings that are pointers: the empty text means something. */
const POINTER_TEXT = new Set(['storageClassName', 'ingressClassName', 'volumeAttributesClassName']);

function isEmpty(value: unknown, name: string, parent: string, schema: Schema | undefined): boolean {
  if (value === null) return true;
  if (value === '') return !POINTER_TEXT.has(name);
  if (value === 0 || value === false) return PLAIN.has(name) && !(name === 'replicas' && POINTER_PARENTS.has(parent));
  if (Array.isArray(value)) return value.length === 0;
  const isMap = schema?.additionalProperties !== undefined && schema.additionalProperties !== false;
  return isMap && typeof value === 'object' && Object.keys(value).length === 0;
}

/** Removes the empty optional parts below `object`, in place. */
export function omitEmpty(object: JsonObject, schema: Schema, parent = ''): void {
  for (const [name, value] of Object.entries(object)) {
    const properties = schema.properties;
    const of = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (of === undefined) continue;
    if (isEmpty(value, name, parent, of) && !(schema.required?.includes(name) && value !== null)) {
      delete object[name];
      continue;
    }
    descend(value, of, name);
  }
}

/** Times in conditions are structs in Go: an unset one is written as null. */
function showTimes(condition: JsonObject, schema: Schema): void {
  for (const [name, { format }] of Object.entries(schema.properties ?? {}))
    if (format === 'date-time') condition[name] ??= null;
}

function descend(value: unknown, schema: Schema, name: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const items = schema.items;
    if (items?.properties ?? items?.items) for (const item of value) descend(item, items ?? {}, name);
  } else if (schema.properties) {
    omitEmpty(value as JsonObject, schema, name);
    if (name === 'conditions') showTimes(value as JsonObject, schema);
  } else if (typeof schema.additionalProperties === 'object')
    for (const item of Object.values(value)) descend(item, schema.additionalProperties, name);
}
