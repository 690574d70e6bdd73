import type { Schema } from '../types.ts';
import { stepText } from './fieldset.ts';
import { elementStep, fieldSchema, isDeclared, isMap, shapeOf, type Value } from './typed.ts';

/**
 * What is wrong with an applied configuration for its type: undeclared fields, wrong types, duplicate keys
 * (structured-merge-diff/v6/typed/validate.go). Each text starts with the path.
 */
export function typeErrors(value: Value, schema: Schema | undefined): string[] {
  if (value === null || schema === undefined) return [];
  const wrong = wrongType(value, schema);
  if (wrong !== undefined) return [`: ${wrong}`];
  if (isMap(value)) {
    return Object.entries(value).flatMap(([key, item]) => {
      const open =
        schema.properties === undefined ||
        schema.additionalProperties !== undefined ||
        schema['x-kubernetes-preserve-unknown-fields'];
      if (!isDeclared(schema, key) && !open) return [`.${key}: field not declared in schema`];
      return typeErrors(item, fieldSchema(schema, key)).map((error) => `.${key}${error}`);
    });
  }
  if (!Array.isArray(value)) return [];
  if (shapeOf(schema, value) === 'whole')
    return value.flatMap((item, index) => typeErrors(item, schema.items).map((error) => `[${index}]${error}`));
  return elementErrors(value, schema);
}

function elementErrors(list: Value[], schema: Schema): string[] {
  const seen = new Set<string>();
  return list.flatMap((item, index) => {
    try {
      const step = elementStep(schema, item);
      if (seen.has(step)) return [`: duplicate entries for key ${stepText(step)}`];
      seen.add(step);
      return typeErrors(item, schema.items).map((error) => `${stepText(step)}${error}`);
    } catch (error) {
      return [`: element ${index}: ${(error as Error).message}`];
    }
  });
}

function wrongType(value: unknown, { type }: Schema): string | undefined {
  if (type === 'object' && !isMap(value)) return `expected map, got &{${goText(value)}}`;
  if (type === 'array' && !Array.isArray(value)) return `expected list, got &{${goText(value)}}`;
  if (type === 'string' && typeof value !== 'string')
    return `expected string, got &value.valueUnstructured{Value:${goText(value)}}`;
  if (type === 'boolean' && typeof value !== 'boolean') return `expected boolean, got &{${goText(value)}}`;
  if ((type === 'integer' || type === 'number') && typeof value !== 'number')
    return `expected numeric (int or float), got ${goType(value)}`;
  return undefined;
}

function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isMap(value)) return String(value);
  return `map[${Object.keys(value)
    .toSorted()
    .map((key) => `${key}:${goText(value[key])}`)
    .join(' ')}]`;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  return isMap(value) ? 'map[string]interface {}' : typeof value === 'boolean' ? 'bool' : 'string';
}
