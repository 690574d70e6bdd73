import { jsonPatch, mergePatch } from '../patch/index.ts';
import { badRequest, conflict, internalError, invalid, unsupportedMediaType } from '../status.ts';
import type { FieldError, JsonObject, KubeObject, Subresource } from '../types.ts';
import { invalidValue, validateNonNegative } from '../validation.ts';
import { jsonPath } from './jsonpath.ts';
import { isObject } from './structural.ts';

export interface ScalePaths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** What the built-in owners of pods have beyond custom resources. */
export interface BuiltinScale {
  selector(object: KubeObject): string;
}

/**
 * /scale: an autoscaling/v1 Scale made of three fields of a custom resource (customresource/etcd.go), or of a built-in owner of
 * pods (pkg/registry/apps/deployment/storage), which `builtin` tells.
 */
export function scaleSubresource(
  paths: ScalePaths,
  parent: { group: string; plural: string },
  builtin?: BuiltinScale,
): Subresource {
  return {
    kind: 'Scale',
    group: 'autoscaling',
    version: 'v1',
    verbs: ['get', 'patch', 'update'],
    async handle(request) {
      const { method, object, body, contentType } = request;
      const shown = (of: KubeObject): KubeObject => scaleOf(of, paths, builtin);
      if (method === 'GET') return { status: 200, body: shown(object) };
      // What is not there yet is written as if it were 0.
      const scale = scaleOf(object, paths, builtin, 0);
      const wanted = method === 'PATCH' ? patched(scale, body, contentType, builtin !== undefined) : body;
      checkScale(wanted, object.metadata.name, method === 'PATCH', builtin !== undefined);
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
      return { status: 200, body: shown(changed) };
    },
  };
}

/** What can be no Scale, and what ValidateScale of a built-in one refuses. @throws StatusError 400, 422 */
function checkScale(wanted: JsonObject | undefined, name: string, isPatch: boolean, builtin: boolean): void {
  const { kind = 'Scale', spec } = wanted ?? {};
  if (kind !== 'Scale') throw badRequest(`${JSON.stringify(kind)} cannot be handled as a Scale`);
  const replicas = isObject(spec) ? spec['replicas'] : undefined;
  if (replicas !== undefined && replicas !== null && typeof replicas !== 'number') {
    const text = `json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`;
    if (!isPatch) throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${text}`);
    throw invalid({ group: '', kind: '' }, '', [invalidValue('patch', JSON.stringify(wanted), text)]);
  }
  const errors = builtin ? validateNonNegative('spec.replicas', replicas) : [];
  if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, errors);
}

function patched(scale: KubeObject, patch: unknown, contentType: string, builtin: boolean): JsonObject {
  const current = scale as unknown as JsonObject;
  if (contentType.startsWith('application/json-patch+json')) return jsonPatch(current, patch);
  if (contentType.startsWith('application/merge-patch+json')) return mergePatch(current, patch);
  // None of the lists and maps of a Scale merge in a way of their own.
  const strategic = builtin ? ['application/strategic-merge-patch+json'] : [];
  if (strategic.some((type) => contentType.startsWith(type))) return mergePatch(current, patch);
  throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json', ...strategic]);
}

function scaleOf(
  object: KubeObject,
  { specReplicasPath, statusReplicasPath, labelSelectorPath }: ScalePaths,
  builtin: BuiltinScale | undefined,
  otherwise?: number,
): KubeObject {
  const read = (path: string): unknown => jsonPath(path)(object)[0];
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = read(specReplicasPath) ?? otherwise ?? (builtin ? 0 : undefined);
  if (replicas === undefined)
    throw internalError(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`);
  const selector = builtin?.selector(object) ?? (labelSelectorPath === undefined ? undefined : read(labelSelectorPath));
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
