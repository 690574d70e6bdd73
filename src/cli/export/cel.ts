/** JSON and conditions as text of CEL. */
import { isObject } from '../../domain/json.ts';
import { type Operation, type Path, pointer } from '../../domain/patch.ts';

/**
 * A JSON value as a CEL literal. Members of maps and items of mixed lists are wrapped in `dyn`: Kubernetes refuses
 * aggregate literals whose elements differ in type (apiserver/pkg/cel/environment/base.go).
 */
export function literal(value: unknown): string {
  if (Array.isArray(value)) {
    const isUniform = value.every((item) => typeof item === 'string') || value.every((item) => isObject(item));
    return `[${value.map((item) => (isUniform ? literal(item) : `dyn(${literal(item)})`)).join(', ')}]`;
  }
  if (isObject(value)) {
    const members = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
    return `{${members.map(([key, item]) => `${literal(key)}: dyn(${literal(item)})`).join(', ')}}`;
  }
  if (typeof value === 'number' && !Number.isInteger(value)) return `double(${value})`;
  // A string of JSON is one of CEL.
  return JSON.stringify(value);
}

/** The list at a field of `object`, empty where it is missing. */
export function listOf(field: string): string {
  return `(has(${field}) ? ${field} : [])`;
}

/** Whether the map at the field holds the key. */
export function holdsKey(field: string, key: string): string {
  return `(has(${field}) && ${literal(key)} in ${field})`;
}

/** The text of one operation; `path` may be a CEL expression instead of a path. */
export function operation(op: Operation['op'], path: Path | string, value: string): string {
  const text = typeof path === 'string' ? path : literal(pointer(path));
  return `JSONPatch{op: ${literal(op)}, path: ${text}, value: ${value}}`;
}

/** The operations unless the condition holds. */
export function unless(condition: string, operations: readonly string[]): string {
  return `(${condition} ? [] : [${operations.join(', ')}])`;
}

/** One list of many, a line each. */
export function joined(lists: readonly string[]): string {
  return lists.join('\n+ ');
}

/** All conditions hold, a line each. */
export function all(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join('\n&& ');
}
