import type { ListOptions } from '../http/options.ts';
import {
  fieldSelectorMatches,
  parseFieldSelector,
  parseLabelSelector,
  requireKnownFields,
  requirementsMatch,
} from '../selectors.ts';
import type { FieldRequirement } from '../selectors.ts';
import { badRequest } from '../status.ts';
import { inVersion } from './call.ts';
import type { KubeObject, Resource } from '../types.ts';

/** True for the objects that a list or watch is about. */
export type Selection = (object: KubeObject) => boolean;

const METADATA_FIELDS: Record<string, (object: KubeObject) => string> = {
  'metadata.name': (object) => object.metadata.name,
  'metadata.namespace': (object) => object.metadata.namespace ?? '',
};

function checkFields(resource: Resource, fields: FieldRequirement[], extra: string[]): void {
  const known = [...Object.keys(METADATA_FIELDS), ...extra];
  const unknown = fields.find(({ field }) => !known.includes(field));
  // Custom resources convert their labels themselves, and word it differently.
  if (resource.custom && unknown) throw badRequest(`field label not supported: ${unknown.field}`);
  requireKnownFields(fields, extra);
}

/** The label and field selectors of the options. @throws StatusError 400 */
export function selectionOf(resource: Resource, options: ListOptions): Selection | undefined {
  const labels = parseLabelSelector(options.labelSelector);
  const fields = parseFieldSelector(options.fieldSelector);
  const extra = resource.strategy.selectableFields ?? {};
  checkFields(resource, fields, Object.keys(extra));
  if (labels.length === 0 && fields.length === 0) return undefined;
  return (stored) => {
    const object = resource.convert ? inVersion(resource, stored) : stored;
    return (
      requirementsMatch(labels, object.metadata.labels) &&
      fieldSelectorMatches(fields, (field) => (METADATA_FIELDS[field] ?? extra[field])?.(object) ?? '')
    );
  };
}
