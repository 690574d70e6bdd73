/** What the pod's own containers get: environment and mounts. What a container sets itself stays as it is. */
import { templateOf } from '../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector, VolumeMount } from '../api/v1alpha1/types.ts';
import { additionsOf } from './additions.ts';
import { contains } from './content.ts';
import { member, objectsAt } from './json.ts';
import type { Draft, Path } from './patch.ts';

interface AppContainer {
  path: Path;
  container: JsonObject;
}

/** The pod's own containers that the template speaks of. Our sidecars are not among them. */
export function appContainersOf(pod: JsonObject, injector: SidecarInjector): AppContainer[] {
  const { names } = templateOf(injector).appContainers;
  const ours = new Set(additionsOf(injector).map((addition) => addition.container.name));
  return objectsAt(pod, ['spec', 'containers'])
    .map((container, index): AppContainer => ({ path: ['spec', 'containers', index], container }))
    .filter(({ container }) => {
      const name = member(container, 'name');
      return typeof name === 'string' && !ours.has(name) && (names.includes('*') || names.includes(name));
    });
}

function normal(mountPath: unknown): string {
  return String(mountPath).replace(/(?<=[^/])\/+$/, '');
}

/** Where the container mounts something at the mount's path, as an index; -1 when the path is free. */
export function mountAt(container: JsonObject, mount: VolumeMount): number {
  return objectsAt(container, ['volumeMounts']).findIndex(
    (candidate) => normal(member(candidate, 'mountPath')) === normal(mount.mountPath),
  );
}

/** Adds what is missing. Runs before containers are inserted, while the indexes are those of the pod. */
export function equipAppContainers(draft: Draft, injector: SidecarInjector): void {
  const { env, envFrom, volumeMounts } = templateOf(injector).appContainers;
  if (env.length + envFrom.length + volumeMounts.length === 0) return;
  for (const { path, container } of appContainersOf(draft.document, injector)) {
    const names = new Set(objectsAt(container, ['env']).map((item) => member(item, 'name')));
    draft.insert(
      [...path, 'env'],
      env.filter((item) => !names.has(item.name)),
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
