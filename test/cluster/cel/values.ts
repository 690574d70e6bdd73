import { parse } from '@marcbachmann/cel-js';
import type { Schema } from '../types.ts';
import { RequestAuthorizer } from './authorizer.ts';

/** The package keeps its type for durations to itself, but its language makes them. */
const readDuration = parse('duration(text)');

/** Words of the language that are escaped when they name a field (apiserver/schema/cel: Escape). */
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/**
 * The name under which CEL sees a declared property. Kubernetes' own types, which name their kind, are not escaped:
 * `request.namespace` of an AdmissionRequest.
 */
export function celName(property: string, owner: Schema | undefined): string {
  if (owner?.['x-kubernetes-group-version-kind'] !== undefined) return property;
  if (reserved.has(property)) return `__${property}__`;
  return property
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/**
 * A JSON value as CEL sees it: whole numbers are ints unless the schema says number, date-times are timestamps,
 * properties the schema does not declare are hidden unless they are preserved.
 */
export function celValue(value: unknown, schema: Schema | undefined): unknown {
  if (value instanceof RequestAuthorizer) return value;
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  if (typeof value === 'object' && value !== null) {
    const { properties, additionalProperties } = schema ?? {};
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const declared = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
        return [declared === undefined ? key : celName(key, schema), celValue(item, declared ?? values)];
      }),
    );
  }
  if (typeof value === 'number') return schema?.type === 'number' || !Number.isInteger(value) ? value : BigInt(value);
  if (typeof value === 'string' && (schema?.format === 'date-time' || schema?.format === 'date'))
    return new Date(value);
  if (typeof value === 'string' && schema?.format === 'duration') return readDuration({ text: value }) as unknown;
  if (typeof value === 'string' && schema?.format === 'byte') return Uint8Array.from(Buffer.from(value, 'base64'));
  return value;
}
