/** What is to be done to each document: the decisions on the pods in it, and the operations that follow from them. */
import type { JsonObject } from '../../api/v1alpha1/types.ts';
import { at, isObject, mapAt, member } from '../../domain/json.ts';
import type { Operation, Path } from '../../domain/patch.ts';
import { moved, patched } from '../json-patch.ts';
import { admit, type Outcome, type Surroundings } from './admission.ts';
import type { Manifest } from './manifests.ts';
import { type CustomPlaces, groupOf, type Located, looksLikeWorkload, nameOf, podPlacesOf } from './pod-places.ts';

/** One object of the inputs. */
export interface Rendered {
  object: JsonObject;
  namespace: string;
  /** The pods in it; empty for a kind that makes none. */
  pods: readonly { place: Path; pod: JsonObject; outcomes: readonly Outcome[] }[];
  /** With paths from the root of the object. */
  operations: readonly Operation[];
  looksLikeWorkload: boolean;
}

export interface RenderedManifest {
  manifest: Manifest;
  objects: readonly Rendered[];
  /** With paths from the root of the document. */
  operations: readonly Operation[];
  /** The document's JSON with the operations applied. */
  value: unknown;
}

export interface RenderOptions {
  surroundings: Surroundings;
  places: CustomPlaces;
  /** For objects that name no namespace. */
  defaultNamespace: string;
}

export function render(manifest: Manifest, options: RenderOptions): RenderedManifest {
  const objects = manifest.objects.map((located) => ({ located, rendered: renderObject(located, options) }));
  const operations = objects.flatMap(({ located, rendered }) => moved(rendered.operations, located.path));
  return {
    manifest,
    objects: objects.map(({ rendered }) => rendered),
    operations,
    value: patched(manifest.value, operations),
  };
}

function renderObject({ object }: Located, { surroundings, places, defaultNamespace }: RenderOptions): Rendered {
  const named = member(mapAt(object, ['metadata']), 'namespace');
  const namespace = typeof named === 'string' && named !== '' ? named : defaultNamespace;
  const found = podPlacesOf(object, places);
  const results = found.map((place) => {
    const pod = at(object, place) as JsonObject;
    const { operations, outcomes } = admit(asCreated(pod, object), namespace, surroundings);
    return { place, pod, outcomes, operations: moved(withMetadata(pod, operations), place) };
  });
  return {
    object,
    namespace,
    pods: results,
    operations: results.flatMap((result) => result.operations),
    looksLikeWorkload: found.length === 0 && looksLikeWorkload(object),
  };
}

/** The pod of a Job belongs to it, which matters to a sidecar that would keep it from completing. */
export function asCreated(pod: JsonObject, object: JsonObject): JsonObject {
  const isJob = groupOf(object) === 'batch';
  const metadata = member(pod, 'metadata');
  if (!isJob || !(isObject(metadata) || metadata === undefined || metadata === null)) return pod;
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: nameOf(object) };
  return { ...pod, metadata: { ...metadata, ownerReferences: [owner] } };
}

/** Every pod has metadata once it is created; its template need not have any. */
function withMetadata(pod: JsonObject, operations: readonly Operation[]): Operation[] {
  const missing = !isObject(member(pod, 'metadata')) && operations.some(({ path }) => path.startsWith('/metadata/'));
  const created = operations.some(({ path }) => path === '/metadata');
  return missing && !created ? [{ op: 'add', path: '/metadata', value: {} }, ...operations] : [...operations];
}
