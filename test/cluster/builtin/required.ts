/** For types without rules of their own: what the schema requires, and its enumerations. */
import type { FieldError, Schema } from '../types.ts';
import { notSupported, required } from '../validation.ts';

/** Required fields that are missing or empty, and values outside an enumeration, below `path`. */
export function validateShape(value: unknown, schema: Schema | undefined, path: string): FieldError[] {
  if (schema === undefined || value === undefined || value === null) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => validateShape(item, schema.items, `${path}[${index}]`));
  if (typeof value !== 'object') {
    const values = schema.enum as string[] | undefined;
    return values && value !== '' && !values.includes(value as string) ? [notSupported(path, value, values)] : [];
  }
  const { properties, additionalProperties } = schema;
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const own = (name: string): unknown => (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined);
  if (!properties) {
    const items = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return Object.entries(value).flatMap(([key, item]) => validateShape(item, items, `${path}[${key}]`));
  }
  const missing = (schema.required ?? []).filter((name) => {
    const found = own(name);
    return found === undefined || found === null || (found === '' && properties[name]?.type === 'string');
  });
  return [
    ...missing.map((name) => required(at(name))),
    ...Object.keys(value).flatMap((name) =>
      Object.hasOwn(properties, name) ? validateShape(own(name), properties[name], at(name)) : [],
    ),
  ];
}
