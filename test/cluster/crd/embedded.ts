import type { FieldError, JsonObject, KubeObject, Schema } from '../types.ts';
import {
  fieldErrorText,
  invalidValue,
  isDNS1035Label,
  isPathSegmentName,
  required,
  validateObjectMeta,
} from '../validation.ts';
import { fieldOf, isObject } from './structural.ts';

/** What is wrong with the type and metadata of embedded resources (apiextensions-apiserver/pkg/apiserver/schema/objectmeta/validation.go). */
export function embeddedErrors(value: unknown, schema: Schema | undefined, path: string): FieldError[] {
  if (schema === undefined) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => embeddedErrors(item, schema.items, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const below = Object.entries(value).flatMap(([key, item]) =>
    embeddedErrors(item, fieldOf(schema, key), path === '' ? key : `${path}.${key}`),
  );
  return schema['x-kubernetes-embedded-resource'] === true && path !== ''
    ? [...resourceErrors(value, path), ...below]
    : below;
}

function resourceErrors({ apiVersion, kind, metadata }: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, value] of Object.entries({ apiVersion, kind })) {
    const here = `${path}.${field}`;
    if (value === undefined) errors.push(required(here));
    else if (typeof value !== 'string') errors.push(invalidValue(here, value, 'must be a string'));
    else if (value === '') errors.push(invalidValue(here, value, 'must not be empty'));
    else if (field === 'kind') {
      const wrong = isDNS1035Label(value.toLowerCase());
      if (wrong.length > 0)
        errors.push(invalidValue(here, value, `may have mixed case, but should otherwise match: ${wrong.join(',')}`));
    } else if (value.split('/').length > 2)
      errors.push(invalidValue(here, value, `unexpected GroupVersion string: ${value}`));
  }
  if (!isObject(metadata)) return errors;
  const { name = 'fakename', ...rest } = metadata as Partial<KubeObject['metadata']>;
  return [
    ...errors,
    ...validateObjectMeta({ name, ...rest }, rest.namespace !== undefined, isPathSegmentName, `${path}.metadata`),
  ];
}

/**
 * Reads the metadata of embedded resources as that of objects, in place; gives back the paths of what it does not know
 * (apiextensions-apiserver/pkg/apiserver/schema/objectmeta/algorithm.go).
 */
export function readEmbeddedMetadata(
  value: unknown,
  schema: Schema | undefined,
  read: (metadata: unknown) => { metadata: unknown; unknown: string[] },
  path = '',
): string[] {
  if (schema === undefined) return [];
  if (Array.isArray(value))
    return value.flatMap((item, index) => readEmbeddedMetadata(item, schema.items, read, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const below = Object.entries(value).flatMap(([key, item]) =>
    readEmbeddedMetadata(item, fieldOf(schema, key), read, path === '' ? key : `${path}.${key}`),
  );
  if (schema['x-kubernetes-embedded-resource'] !== true || path === '' || !isObject(value['metadata'])) return below;
  const { metadata, unknown } = readAt(value['metadata'], read, `${path}.metadata`);
  value['metadata'] = metadata;
  return [...unknown.map((field) => `${path}.${field}`), ...below];
}

/** @throws Error with the field that has the metadata, when they do not fit their type */
function readAt<T>(metadata: unknown, read: (metadata: unknown) => T, field: string): T {
  try {
    return read(metadata);
  } catch (error) {
    const text = (error as Error).message.replace('ObjectMeta.metadata.', 'ObjectMeta.');
    throw new Error(fieldErrorText(invalidValue(field, metadata, text)), { cause: error });
  }
}
