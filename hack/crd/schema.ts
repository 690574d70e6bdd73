/** Building blocks of the CRD's schema: what a structural schema may hold, and Kubernetes' own types cut to it. */
import type { Schema } from '../../test/cluster/types.ts';
import { kubernetesDefinition } from '../kubernetes-types.ts';

export interface Rule {
  rule: string;
  /** Says the fix. */
  message: string;
  /** Where kubectl shows the error, relative to the field that has the rule. */
  fieldPath?: string;
}

/** A schema with CEL rules. */
export function ruled(schema: Schema, ...rules: Rule[]): Schema {
  return { ...schema, 'x-kubernetes-validations': rules.map((rule) => ({ ...rule })) };
}

export function text(description: string, maxLength: number, more: Schema = {}): Schema {
  return { type: 'string', description, maxLength, ...more };
}

export function choice(description: string, values: readonly string[], fallback?: string): Schema {
  return { type: 'string', description, enum: [...values], ...(fallback !== undefined && { default: fallback }) };
}

export function integer(description: string, minimum: number, maximum: number, fallback?: number): Schema {
  return {
    type: 'integer',
    format: 'int32',
    description,
    minimum,
    maximum,
    ...(fallback !== undefined && { default: fallback }),
  };
}

export function object(description: string, properties: Record<string, Schema>, more: Schema = {}): Schema {
  return { type: 'object', description, properties, ...more };
}

/** A list whose items are known by keys: kubectl merges it, and two items of one key are refused. */
export function keyedList(description: string, items: Schema, maxItems: number, ...keys: string[]): Schema {
  return {
    type: 'array',
    description,
    items,
    maxItems,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': keys,
  };
}

export function list(description: string, items: Schema, maxItems: number): Schema {
  return { type: 'array', description, items, maxItems, 'x-kubernetes-list-type': 'atomic' };
}

export function textMap(description: string, maxProperties: number, maxLength: number): Schema {
  return { type: 'object', description, additionalProperties: { type: 'string', maxLength }, maxProperties };
}

/** Members that a schema of a CRD may have; the others are of OpenAPI documents only (apiextensions/v1 JSONSchemaProps). */
const DROPPED = new Set([
  'x-kubernetes-patch-strategy',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-group-version-kind',
]);

/** A type of Kubernetes by its OpenAPI name, such as `io.k8s.api.core.v1.Container`, as a structural schema. */
export function kubernetesType(name: string): Schema {
  const schema = kubernetesDefinition(name);
  if (schema === undefined) throw new Error(`no schema of ${name} in the packages`);
  return structural(schema);
}

function structural(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([key]) => !DROPPED.has(key));
  const copy: Schema = Object.fromEntries(kept);
  // OpenAPI documents say so of every required field of Go; in a definition it would make up what people left out.
  if (copy.default === '' || copy.default === 0) delete copy.default;
  // The metadata of a PersistentVolumeClaim's template is the only one inside; only labels and annotations count there.
  if (copy.properties?.['managedFields'] !== undefined) {
    const { labels = {}, annotations = {} } = copy.properties;
    copy.properties = { labels, annotations };
  }
  if (copy.properties !== undefined) {
    copy.properties = Object.fromEntries(
      Object.entries(copy.properties).map(([field, property]) => [field, structural(property)]),
    );
  }
  if (copy.items !== undefined) copy.items = structural(copy.items);
  if (typeof copy.additionalProperties === 'object') copy.additionalProperties = structural(copy.additionalProperties);
  return copy;
}
