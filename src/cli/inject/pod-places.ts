/** Where a manifest holds pods: the pod itself, the pod template of a workload, the items of a List. */
import type { JsonObject } from '../../api/v1alpha1/types.ts';
import { at, isObject, member } from '../../domain/json.ts';
import type { Path } from '../../domain/patch.ts';

/** Workloads of Kubernetes by group and kind, any version. */
const PLACES: Record<string, readonly string[]> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Pod templates of other kinds; `*` in a path stands for every item of a list and every member of a map. */
export type CustomPlaces = ReadonlyMap<string, readonly (readonly string[])[]>;

/** Reads `--pod-path` values such as `Rollout=spec.template`; undefined for what is not of that form. */
export function parsePodPath(text: string): { kind: string; path: string[] } | undefined {
  const [, kind = '', dotted = ''] = /^([A-Za-z][A-Za-z0-9]*)=([^=\s]+)$/.exec(text) ?? [];
  const path = dotted.replaceAll('[*]', '.*').replace(/^\.+/, '').split('.');
  return kind === '' || path.includes('') ? undefined : { kind, path };
}

export function customPlaces(texts: readonly string[]): CustomPlaces {
  const places = new Map<string, string[][]>();
  for (const { kind, path } of texts.flatMap((text) => parsePodPath(text) ?? [])) {
    places.set(kind, [...(places.get(kind) ?? []), path]);
  }
  return places;
}

/** An object of a document; `path` leads to it from the document's root. */
export interface Located {
  path: Path;
  object: JsonObject;
}

/** The objects of a document: itself, or the items of a List and of its lists. Items of typed lists may omit their kind. */
export function objectsOf(root: unknown, path: Path = []): Located[] {
  if (!isObject(root)) return [];
  const [kind, items] = [member(root, 'kind'), member(root, 'items')];
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ path, object: root }];
  const inherited = kind === 'List' ? {} : { apiVersion: root['apiVersion'], kind: kind.slice(0, -'List'.length) };
  return items.flatMap((item: unknown, index) =>
    isObject(item) ? objectsOf({ ...inherited, ...item }, [...path, 'items', index]) : [],
  );
}

/** `metadata.name`, or words for its absence. */
export function nameOf(object: JsonObject): string {
  const name = at(object, ['metadata', 'name']);
  return typeof name === 'string' && name !== '' ? name : '(no name)';
}

export function kindOf(object: JsonObject): string {
  const kind = member(object, 'kind');
  return typeof kind === 'string' ? kind : '(no kind)';
}

export function groupOf(object: JsonObject): string {
  const version = String(member(object, 'apiVersion'));
  return version.includes('/') ? (version.split('/')[0] ?? '') : '';
}

/** The paths of the pods in an object, relative to it; empty for a kind that makes none. */
export function podPlacesOf(object: JsonObject, custom: CustomPlaces): Path[] {
  const kind = kindOf(object);
  const own = custom.get(kind);
  if (own !== undefined) return own.flatMap((path) => expand(object, path));
  const key = `${groupOf(object)}/${kind}`;
  const path = Object.hasOwn(PLACES, key) ? PLACES[key] : undefined;
  return path === undefined || !isObject(at(object, path)) ? [] : [path];
}

function expand(object: JsonObject, path: readonly string[]): Path[] {
  let found: Path[] = [[]];
  for (const step of path) {
    found = found.flatMap((prefix): Path[] => {
      const value = at(object, prefix);
      if (step !== '*') {
        const index = Array.isArray(value) && /^\d+$/.test(step) ? Number(step) : step;
        return [[...prefix, index]];
      }
      const keys = Array.isArray(value) ? [...value.keys()] : isObject(value) ? Object.keys(value) : [];
      return keys.map((key) => [...prefix, key]);
    });
  }
  return found.filter((place) => isObject(at(object, place)));
}

/** Whether an object of a kind without a known place looks as if it made pods: then its user wants `--pod-path`. */
export function looksLikeWorkload(object: JsonObject): boolean {
  return Array.isArray(at(object, ['spec', 'template', 'spec', 'containers']));
}
