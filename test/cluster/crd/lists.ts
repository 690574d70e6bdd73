import type { FieldError, Schema } from '../types.ts';
import { duplicate, invalidValue } from '../validation.ts';
import { fieldOf, isObject } from './structural.ts';

/** Elements that occur twice in sets and list maps (apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go). */
export function duplicateElements(value: unknown, schema: Schema | undefined, path: string): FieldError[] {
  if (Array.isArray(value)) {
    const below = value.flatMap((item, index) => duplicateElements(item, schema?.items, `${path}[${index}]`));
    return [...(schema === undefined ? [] : inList(value, schema, path)), ...below];
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    duplicateElements(item, fieldOf(schema, key), path === '' ? key : `${path}.${key}`),
  );
}

function inList(list: unknown[], schema: Schema, path: string): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return repeated(list, path);
  if (type !== 'map') return [];
  const stranger = list.findIndex((item) => item !== null && !isObject(item));
  if (stranger >= 0)
    return [invalidValue(`${path}[${stranger}]`, list[stranger], 'must be an object for an array of list-type map')];
  const keys = list.map((item) => {
    const named = (schema['x-kubernetes-list-map-keys'] ?? []).filter(
      (key) => isObject(item) && Object.hasOwn(item, key),
    );
    return Object.fromEntries(named.map((key) => [key, isObject(item) ? item[key] : undefined]));
  });
  return repeated(keys, path);
}

/** Each value is reported once, at its second appearance. */
function repeated(values: unknown[], path: string): FieldError[] {
  const seen = new Map<string, number>();
  return values.flatMap((value, index) => {
    const text = JSON.stringify(value);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return times === 2 ? [duplicate(`${path}[${index}]`, value)] : [];
  });
}
