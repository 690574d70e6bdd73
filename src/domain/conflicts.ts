/** What of the template cannot be added because the pod has something else of that name, mount path or port. */
import { templateOf } from '../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { additionsOf, runsBesideApp } from './additions.ts';
import { appContainersOf, mountAt } from './appcontainers.ts';
import { contains, isSameContainer, isSameVolume } from './content.ts';
import { member, objectsAt } from './json.ts';
import type { Path } from './patch.ts';

export interface Conflict {
  kind: 'name' | 'mountPath' | 'port';
  /** One line for people. */
  text: string;
  /** What `onConflict: Replace` puts where; absent where nothing can be replaced. */
  replacement?: { path: Path; value: unknown };
}

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Every conflict of the template with the pod, in the order of the template. */
export function conflictsOf(pod: JsonObject, injector: SidecarInjector): Conflict[] {
  return [
    ...containerConflicts(pod, injector),
    ...volumeConflicts(pod, injector),
    ...portConflicts(pod, injector),
    ...mountConflicts(pod, injector),
  ];
}

function containerConflicts(pod: JsonObject, injector: SidecarInjector): Conflict[] {
  return additionsOf(injector).flatMap(({ list, container }) =>
    CONTAINER_LISTS.flatMap((taken): Conflict[] => {
      const index = indexOfName(objectsAt(pod, ['spec', taken]), container.name);
      const present = objectsAt(pod, ['spec', taken])[index];
      if (present === undefined || (taken === list && isSameContainer(present, container))) return [];
      const text = `the name ${container.name} is taken by another container`;
      if (taken !== list) return [{ kind: 'name', text }];
      return [{ kind: 'name', text, replacement: { path: ['spec', list, index], value: container } }];
    }),
  );
}

function volumeConflicts(pod: JsonObject, injector: SidecarInjector): Conflict[] {
  const volumes = objectsAt(pod, ['spec', 'volumes']);
  return templateOf(injector).volumes.flatMap((volume): Conflict[] => {
    const index = indexOfName(volumes, volume.name);
    const present = volumes[index];
    if (present === undefined || isSameVolume(present, volume)) return [];
    const text = `the name ${volume.name} is taken by another volume`;
    return [{ kind: 'name', text, replacement: { path: ['spec', 'volumes', index], value: volume } }];
  });
}

/** The containers of a pod share one network: the second listener on a port fails to start. */
function portConflicts(pod: JsonObject, injector: SidecarInjector): Conflict[] {
  const additions = additionsOf(injector);
  const ours = new Set<unknown>(additions.map((addition) => addition.container.name));
  const running = [
    ...objectsAt(pod, ['spec', 'containers']),
    ...objectsAt(pod, ['spec', 'initContainers']).filter((item) => member(item, 'restartPolicy') === 'Always'),
  ].filter((container) => !ours.has(member(container, 'name')));
  const taken = new Map(
    running.flatMap((container) =>
      portsOf(container).map((port) => [port, String(member(container, 'name'))] as const),
    ),
  );
  return additions
    .filter((addition) => runsBesideApp(addition))
    .flatMap(({ container }) => portsOf(container).filter((port) => taken.has(port)))
    .map((port) => ({ kind: 'port', text: `port ${port} is taken by container ${taken.get(port)}` }));
}

function portsOf(container: JsonObject): string[] {
  return objectsAt(container, ['ports']).map((port) => {
    const protocol = member(port, 'protocol');
    return `${Number(member(port, 'containerPort'))}/${typeof protocol === 'string' ? protocol : 'TCP'}`;
  });
}

function mountConflicts(pod: JsonObject, injector: SidecarInjector): Conflict[] {
  const { volumeMounts } = templateOf(injector).appContainers;
  return appContainersOf(pod, injector).flatMap(({ path, container }) =>
    volumeMounts.flatMap((mount): Conflict[] => {
      const index = mountAt(container, mount);
      if (index === -1 || contains(objectsAt(container, ['volumeMounts'])[index], mount)) return [];
      const text = `mountPath ${mount.mountPath} of container ${String(member(container, 'name'))} is taken`;
      return [{ kind: 'mountPath', text, replacement: { path: [...path, 'volumeMounts', index], value: mount } }];
    }),
  );
}

function indexOfName(items: readonly JsonObject[], name: string): number {
  return items.findIndex((item) => member(item, 'name') === name);
}
