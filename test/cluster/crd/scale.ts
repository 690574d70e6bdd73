import { badRequest, conflict } from '../status.ts';
import type { JsonObject, KubeObject, Subresource } from '../types.ts';
import { jsonPath } from './jsonpath.ts';
import { isObject } from './structural.ts';

interface Paths {
  specReplicasPath: string;
  statusReplicasPath: string;
  labelSelectorPath?: string;
}

/** /scale of a custom resource: an autoscaling/v1 Scale made of three of its fields (customresource/etcd.go). */
export function scaleSubresource(paths: Paths): Subresource {
  return {
    kind: 'Scale',
    group: 'autoscaling',
    version: 'v1',
    verbs: ['get', 'patch', 'update'],
    async handle(request) {
      const { method, object, body } = request;
      if (method === 'GET') return { status: 200, body: scaleOf(object, paths) };
      const replicas = isObject(body?.['spec']) ? body['spec']['replicas'] : undefined;
      if (typeof replicas !== 'number') throw badRequest('spec.replicas must be a number');
      const sent = body?.metadata?.resourceVersion;
      if (sent !== undefined && sent !== '' && sent !== object.metadata.resourceVersion) {
        const text = 'the object has been modified; please apply your changes to the latest version and try again';
        throw conflict({ group: '', plural: 'scale' }, object.metadata.name, text);
      }
      const changed = await request.update((target) => setAt(target, paths.specReplicasPath, replicas), 'scale');
      return { status: 200, body: scaleOf(changed, paths) };
    },
  };
}

function scaleOf(object: KubeObject, { specReplicasPath, statusReplicasPath, labelSelectorPath }: Paths): KubeObject {
  const read = (path: string): unknown => jsonPath(path)(object)[0];
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = labelSelectorPath === undefined ? undefined : read(labelSelectorPath);
  const kept = Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(kept) as unknown as KubeObject['metadata'],
    spec: { replicas: read(specReplicasPath) ?? 0 },
    status: {
      replicas: read(statusReplicasPath) ?? 0,
      ...(typeof selector === 'string' && selector !== '' && { selector }),
    },
  };
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
