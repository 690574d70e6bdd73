/** Values seen through their schema, as structured-merge-diff sees them (v6/typed): what merges by field, by key, as a set, or as a whole. */
import type { JsonObject, Schema } from '../types.ts';

/** How one value merges: `whole` is a leaf (a scalar, or an atomic list or map). */
export type Shape = 'fields' | 'elements' | 'whole';

/** Undefined stands for an absent value, null is a value. */
export type Value = unknown;

export function isMap(value: Value): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * How a value of this schema merges. Without a schema maps merge by field and lists are one value
 * ("deduced" types, apimachinery/pkg/util/managedfields/internal/typeconverter.go).
 */
export function shapeOf(schema: Schema | undefined, value: Value): Shape {
  if (Array.isArray(value)) {
    const type = schema?.['x-kubernetes-list-type'];
    return schema?.type === 'array' && (type === 'map' || type === 'set') ? 'elements' : 'whole';
  }
  if (!isMap(value)) return 'whole';
  return schema?.['x-kubernetes-map-type'] === 'atomic' ? 'whole' : 'fields';
}

/** The shape that two values share; an absent or null one takes the form of the other. Empty containers are leaves, so that empty and absent stay apart. */
export function commonShape(schema: Schema | undefined, left: Value, right: Value): Shape {
  const shape = shapeOf(schema, right ?? left);
  if (shape === 'whole' || size(left) + size(right) === 0) return 'whole';
  const other = left ?? right;
  return shapeOf(schema, other) === shape ? shape : 'whole';
}

function size(value: Value): number {
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

/** The schema of a field of a map; undefined when any value is allowed. */
export function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (isDeclared(schema, name)) return schema?.properties?.[name];
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

export function isDeclared(schema: Schema | undefined, name: string): boolean {
  return schema?.properties !== undefined && Object.hasOwn(schema.properties, name);
}

/**
 * The step of a path that leads to an element of a list map or set (structured-merge-diff/v6/typed/helpers.go). A key may be
 * missing, not all. Throws an Error when they are.
 */
export function elementStep(schema: Schema | undefined, element: Value): string {
  if (schema?.['x-kubernetes-list-type'] === 'set') return `v:${JSON.stringify(element)}`;
  const keys = schema?.['x-kubernetes-list-map-keys'] ?? [];
  if (!isMap(element)) throw new Error('associative list with keys may not have non-map elements');
  const values = keys
    .toSorted()
    .map((key) => [key, Object.hasOwn(element, key) ? element[key] : schema?.items?.properties?.[key]?.default])
    .filter(([, value]) => value !== undefined);
  if (keys.length > 0 && values.length === 0)
    throw new Error(
      `associative list with keys has an element that omits all key fields [${keys.map((key) => JSON.stringify(key)).join(' ')}] (and doesn't have default values for any key fields)`,
    );
  return `k:${JSON.stringify(Object.fromEntries(values))}`;
}

/** The elements of a list by their steps; a step that occurs twice has all its elements. */
export function elementsOf(schema: Schema | undefined, list: Value): Map<string, Value[]> {
  return Map.groupBy(Array.isArray(list) ? (list as Value[]) : [], (element) => elementStep(schema, element));
}
