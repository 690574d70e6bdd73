import type { JsonObject, KubeObject, Schema } from '../types.ts';
import { compare, fieldSetOf } from './compare.ts';
import { FieldSet } from './fieldset.ts';
import { withoutManagers } from './managers.ts';
import { isMap } from './typed.ts';

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

/**
 * Brings kubectl's annotation up to date after its server-side apply, where there is one
 * (apimachinery/pkg/util/managedfields/internal/lastappliedupdater.go).
 */
export function updateLastApplied(object: KubeObject, config: JsonObject): void {
  const annotations = object.metadata.annotations;
  if (!annotations?.[annotation]) return;
  const metadata = isMap(config['metadata']) ? { ...config['metadata'] } : {};
  const given = isMap(metadata['annotations']) ? { ...metadata['annotations'] } : undefined;
  delete given?.[annotation];
  if (given !== undefined) metadata['annotations'] = given;
  if (given !== undefined && Object.keys(given).length === 0) delete metadata['annotations'];
  object.metadata.annotations = { ...annotations, [annotation]: `${goJson({ ...config, metadata })}\n` };
}

/** JSON as Go writes it: keys in order, and nothing that HTML would misread. */
function goJson(value: unknown): string {
  const text = JSON.stringify(value, (_, item: unknown) =>
    isMap(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
  return text.replaceAll(/[&<>]/gv, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
