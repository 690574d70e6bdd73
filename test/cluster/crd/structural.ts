/**
 * What happens to a custom resource by its structural schema before anybody looks at it: pruning, nulls, defaults
 * (apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}). All functions change the value in place.
 */
import { copy } from '../storage/json.ts';
import type { JsonObject, Schema } from '../types.ts';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The schema of one field; undefined when there is none. */
export function fieldOf(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.properties !== undefined && Object.hasOwn(schema.properties, name)) return schema.properties[name];
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

const resourceFields = new Set(['apiVersion', 'kind', 'metadata']);

/** Removes what the schema does not know; returns the paths of what went, sorted. */
export function prune(object: JsonObject, schema: Schema): string[] {
  const removed: string[] = [];
  pruneValue(object, schema, '', true, removed);
  return removed.sort();
}

function pruneValue(
  value: unknown,
  schema: Schema | undefined,
  path: string,
  isResource: boolean,
  removed: string[],
): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) pruneChild(item, schema?.items, `${path}[${index}]`, removed);
  } else if (isObject(value)) {
    const keepsUnknown =
      schema?.['x-kubernetes-preserve-unknown-fields'] === true || schema?.additionalProperties === true;
    for (const [key, item] of Object.entries(value)) {
      // The parts of a resource have rules of their own.
      if (isResource && resourceFields.has(key)) continue;
      const here = path === '' ? key : `${path}.${key}`;
      const field = fieldOf(schema, key);
      if (field !== undefined) pruneChild(item, field, here, removed);
      else if (!keepsUnknown) {
        delete value[key];
        removed.push(here);
      }
    }
  }
}

function pruneChild(value: unknown, schema: Schema | undefined, path: string, removed: string[]): void {
  pruneValue(value, schema, path, isEmbedded(schema), removed);
}

/** Removes nulls where null is no value and no default waits for them. */
export function dropNulls(value: unknown, schema: Schema | undefined): void {
  if (Array.isArray(value)) {
    for (const item of value) dropNulls(item, schema?.items);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const field = fieldOf(schema, key);
      if (item === null && field !== undefined && field.nullable !== true && field.default === undefined)
        delete value[key];
      else dropNulls(item, field);
    }
  }
}

/** Fills in the defaults of the schema, where a value is missing or is a null that is not allowed. */
export function applyDefaults(value: unknown, schema: Schema | undefined): void {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (isNullToDefault(item, schema.items)) value[index] = copy(schema.items?.default);
      applyDefaults(value[index], schema.items);
    }
  } else if (isObject(value)) {
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      const missing = !Object.hasOwn(value, key) || isNullToDefault(value[key], property);
      if (property.default !== undefined && missing) value[key] = copy(property.default);
    }
    for (const key of Object.keys(value)) {
      const field = fieldOf(schema, key);
      if (isNullToDefault(value[key], field)) value[key] = copy(field?.default);
      applyDefaults(value[key], field);
    }
  }
}

function isNullToDefault(value: unknown, schema: Schema | undefined): boolean {
  return value === null && schema !== undefined && schema.nullable !== true && schema.default !== undefined;
}

/** True when reading the object would add defaults: reads of old objects show defaults that came later. */
export function lacksDefaults(value: unknown, schema: Schema | undefined): boolean {
  if (schema === undefined) return false;
  if (Array.isArray(value))
    return value.some((item) => isNullToDefault(item, schema.items) || lacksDefaults(item, schema.items));
  if (!isObject(value)) return false;
  const properties = Object.entries(schema.properties ?? {});
  if (properties.some(([key, property]) => property.default !== undefined && !Object.hasOwn(value, key))) return true;
  return Object.entries(value).some(([key, item]) => {
    const field = fieldOf(schema, key);
    return isNullToDefault(item, field) || lacksDefaults(item, field);
  });
}

/** True when pruning would remove something. */
export function hasUnknown(value: unknown, schema: Schema | undefined, isResource = true): boolean {
  if (Array.isArray(value)) return value.some((item) => hasUnknown(item, schema?.items, isEmbedded(schema?.items)));
  if (!isObject(value)) return false;
  const keepsUnknown =
    schema?.['x-kubernetes-preserve-unknown-fields'] === true || schema?.additionalProperties === true;
  return Object.entries(value).some(([key, item]) => {
    if (isResource && resourceFields.has(key)) return false;
    const field = fieldOf(schema, key);
    return field === undefined ? !keepsUnknown : hasUnknown(item, field, isEmbedded(field));
  });
}

function isEmbedded(schema: Schema | undefined): boolean {
  return schema?.['x-kubernetes-embedded-resource'] === true;
}
