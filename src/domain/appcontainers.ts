/** What the pod's own containers get: environment and mounts. */
import type { JsonObject, NamedItem, VolumeMount } from '../api/v1alpha1/types.ts';
import type { Blueprint } from './blueprint.ts';
import { contains } from './content.ts';
import { globMatches } from './glob.ts';
import { member, objectsAt } from './json.ts';
import type { Draft, Path } from './patch.ts';

interface AppContainer {
  path: Path;
  container: JsonObject;
  name: string;
}

/** The pod's own containers that the template speaks of. Our sidecars are not among them. */
export function appContainersOf(pod: JsonObject, { template, ours }: Blueprint): AppContainer[] {
  const { names } = template.appContainers;
  return objectsAt(pod, ['spec', 'containers']).flatMap((container, index): AppContainer[] => {
    const name = member(container, 'name');
    const meant = typeof name === 'string' && !ours.has(name) && names.some((pattern) => globMatches(pattern, name));
    return meant ? [{ path: ['spec', 'containers', index], container, name }] : [];
  });
}

function normal(mountPath: unknown): string {
  return String(mountPath).replace(/(?<=[^/])\/+$/, '');
}

/**
 * Where the container mounts something at the mount's path, as an index; -1 when the path is free. The very same text goes
 * before one that only differs by slashes at its end: the API server takes both in one container, but no text twice.
 */
export function mountAt(container: JsonObject, { mountPath }: VolumeMount): number {
  const mounts = objectsAt(container, ['volumeMounts']);
  const index = mounts.findIndex((candidate) => member(candidate, 'mountPath') === mountPath);
  if (index !== -1) return index;
  return mounts.findIndex((candidate) => normal(member(candidate, 'mountPath')) === normal(mountPath));
}

/** Where the container sets the variable, as an index; -1 when it does not. The last one counts, as for the kubelet. */
export function variableAt(container: JsonObject, variable: NamedItem): number {
  return objectsAt(container, ['env']).findLastIndex((candidate) => member(candidate, 'name') === variable.name);
}

/** Whether a container's variable has the value of the template's. */
export function isSameVariable(actual: unknown, wanted: NamedItem): boolean {
  return contains(actual, wanted) && (member(actual, 'value') ?? '') === (wanted['value'] ?? '');
}

/** Adds what is missing. Runs before containers are inserted, while the indexes are those of the pod. */
export function equipAppContainers(draft: Draft, blueprint: Blueprint): void {
  const { env, envFrom, volumeMounts } = blueprint.template.appContainers;
  if (env.length + envFrom.length + volumeMounts.length === 0) return;
  for (const { path, container } of appContainersOf(draft.document, blueprint)) {
    draft.insert(
      [...path, 'env'],
      env.filter((item) => variableAt(container, item) === -1),
    );
    const sources = objectsAt(container, ['envFrom']);
    draft.insert(
      [...path, 'envFrom'],
      envFrom.filter((item) => !sources.some((source) => contains(source, item))),
    );
    draft.insert(
      [...path, 'volumeMounts'],
      volumeMounts.filter((mount) => mountAt(container, mount) === -1),
    );
  }
}
