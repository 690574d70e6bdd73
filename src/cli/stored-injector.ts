/** A SidecarInjector as the API server would store it: what the CRD's defaults make of a manifest. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at, isObject, objectsAt } from '../domain/json.ts';

/** Members whose null the API server takes for absent, as they have defaults in the CRD; the last is for its members. */
const DEFAULTED = [
  ['spec', 'selection'],
  ['spec', 'injection'],
  ['spec', 'webhook'],
  ['spec', 'template', 'appContainers'],
  ['spec'],
] as const;

/**
 * A copy without the nulls that stand for a default, and with the one default inside of a container: the protocol of its
 * ports. The other defaults are those of src/api/v1alpha1/defaults.ts. It matters to the revision, which is the template's.
 */
export function asStored(manifest: JsonObject): JsonObject {
  const copy = structuredClone(manifest);
  for (const path of DEFAULTED) {
    const parent = at(copy, path);
    if (!isObject(parent)) continue;
    for (const key of Object.keys(parent)) if (parent[key] === null) delete parent[key];
  }
  for (const list of ['containers', 'initContainers']) {
    for (const container of objectsAt(copy, ['spec', 'template', list])) {
      for (const port of objectsAt(container, ['ports'])) port['protocol'] ??= 'TCP';
    }
  }
  return copy;
}
