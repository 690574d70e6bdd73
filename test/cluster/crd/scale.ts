import { jsonPatch, mergePatch } from '../patch/index.ts';
import { badRequest, conflict, internalError, unsupportedMediaType } from '../status.ts';
import type { FieldError, JsonObject, KubeObject, Subresource } from '../types.ts';
import { invalidValue } from '../validation.ts';
import { jsonPath } from './jsonpath.ts';
import { isObject } from './structural.ts';

export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** /scale of a custom resource: an autoscaling/v1 Scale made of three of its fields (customresource/etcd.go). */
export function scaleSubresource(paths: ScalePaths, parent: { group: string; plural: string }): Subresource {
  return {
    kind: 'Scale',
    group: 'autoscaling',
    version: 'v1',
    verbs: ['get', 'patch', 'update'],
    async handle(request) {
      const { method, object, body, contentType } = request;
      if (method === 'GET') return { status: 200, body: scaleOf(object, paths) };
      // What is not there yet is written as if it were 0.
      const scale = scaleOf(object, paths, 0);
      const wanted = method === 'PATCH' ? patched(scale, body, contentType) : body;
      const replicas = isObject(wanted?.['spec']) ? (wanted['spec']['replicas'] ?? 0) : 0;
      const { name: named, resourceVersion: sent } = isObject(wanted?.['metadata']) ? wanted['metadata'] : {};
      if (named !== undefined && named !== object.metadata.name) {
        const text = `does not match the name on the URL (${object.metadata.name})`;
        throw badRequest(`the name of the object (${typeof named === 'string' ? named : ''}) ${text}`);
      }
      if (sent && sent !== object.metadata.resourceVersion) {
        const text = 'the object has been modified; please apply your changes to the latest version and try again';
        throw conflict(parent, object.metadata.name, text);
      }
      const { spec } = await request.admit({ ...scale, spec: { replicas } }, scale);
      const admitted = isObject(spec) ? (spec['replicas'] ?? 0) : 0;
      const changed = await request.update((target) => setAt(target, paths.specReplicasPath, admitted), 'scale');
      return { status: 200, body: scaleOf(changed, paths) };
    },
  };
}

function patched(scale: KubeObject, patch: unknown, contentType: string): JsonObject {
  const current = scale as unknown as JsonObject;
  if (contentType.startsWith('application/json-patch+json')) return jsonPatch(current, patch);
  if (contentType.startsWith('application/merge-patch+json')) return mergePatch(current, patch);
  throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
}

function scaleOf(
  object: KubeObject,
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths,
  otherwise?: number,
): KubeObject {
  const read = (path: string): unknown => jsonPath(path)(object)[0];
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = read(specReplicasPath) ?? otherwise;
  if (replicas === undefined)
    throw internalError(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`);
  const selector = labelSelectorPath === undefined ? undefined : read(labelSelectorPath);
  const kept = Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(kept) as unknown as KubeObject['metadata'],
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: read(statusReplicasPath) ?? 0,
      ...(typeof selector === 'string' && selector !== '' && { selector }),
    },
  };
}

const MAX_REPLICAS = 2 ** 31 - 1;

/** What is wrong with the numbers that a Scale is made of (customresource/validator.go: ValidateScaleSpec, ValidateScaleStatus). */
export function scaleErrors(object: KubeObject, paths: string[]): FieldError[] {
  return paths.flatMap((path) => {
    const replicas = jsonPath(path)(object)[0];
    if (typeof replicas !== 'number') return [];
    if (replicas < 0) return [invalidValue(path, replicas, 'should be a non-negative integer')];
    if (replicas <= MAX_REPLICAS) return [];
    return [invalidValue(path, replicas, `should be less than or equal to ${MAX_REPLICAS}`)];
  });
}

/** Sets the field at a simple path ('.spec.replicas'), making what is missing on the way. */
function setAt(object: JsonObject, path: string, value: unknown): void {
  const names = path.replace(/^\./, '').split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce<JsonObject>((target, name) => {
    const next = isObject(target[name]) ? target[name] : {};
    target[name] = next;
    return next;
  }, object);
  parent[last] = value;
}
