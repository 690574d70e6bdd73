import type { JsonObject, KubeObject, Schema } from '../types.ts';
import { compare, fieldSetOf } from './compare.ts';
import { FieldSet } from './fieldset.ts';
import { withoutManagers } from './managers.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What kubectl applied from its own side, and nobody changed since: server-side apply by kubectl may take that over
 * (apimachinery/pkg/util/managedfields/internal/lastappliedmanager.go).
 */
export function fieldsLastApplied(live: KubeObject, apiVersion: string, schema: Schema | undefined): FieldSet {
  const text = live.metadata.annotations?.[annotation];
  if (text === undefined || text === '') return new FieldSet();
  let applied: JsonObject;
  try {
    applied = JSON.parse(text) as JsonObject;
  } catch {
    return new FieldSet();
  }
  if (applied['apiVersion'] !== apiVersion) return new FieldSet();
  const { added, modified, removed } = compare(applied, withoutManagers(live), schema);
  return fieldSetOf(applied, schema).difference(modified).difference(added).difference(removed);
}
