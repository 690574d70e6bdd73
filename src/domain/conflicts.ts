/** What of the template cannot be added because the pod has something else of that name, mount path, port or variable. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { runsBesideApp } from './additions.ts';
import { appContainersOf, isSameVariable, mountAt, variableAt } from './appcontainers.ts';
import type { Blueprint } from './blueprint.ts';
import { contains, isSameContainer, isSameVolume } from './content.ts';
import { member, objectsAt } from './json.ts';
import type { Path } from './patch.ts';

export interface Conflict {
  kind: 'name' | 'mountPath' | 'port' | 'env';
  /** One line for people. */
  text: string;
  /** What `onConflict: Replace` puts where; absent where nothing can be replaced. */
  replacement?: { path: Path; value: unknown };
}

const CONTAINER_LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Every conflict of the template with the pod, in the order of the template. */
export function conflictsOf(pod: JsonObject, blueprint: Blueprint): Conflict[] {
  return [
    ...containerConflicts(pod, blueprint),
    ...volumeConflicts(pod, blueprint),
    ...portConflicts(pod, blueprint),
    ...appConflicts(pod, blueprint),
  ];
}

function containerConflicts(pod: JsonObject, { additions }: Blueprint): Conflict[] {
  return additions.flatMap(({ list, container }) =>
    CONTAINER_LISTS.flatMap((taken): Conflict[] => {
      const present = objectsAt(pod, ['spec', taken]);
      const index = indexOfName(present, container.name);
      const other = present[index];
      if (other === undefined || (taken === list && isSameContainer(other, container))) return [];
      const text = `the name ${container.name} is taken by another container`;
      if (taken !== list) return [{ kind: 'name', text }];
      return [{ kind: 'name', text, replacement: { path: ['spec', list, index], value: container } }];
    }),
  );
}

function volumeConflicts(pod: JsonObject, { template }: Blueprint): Conflict[] {
  const volumes = objectsAt(pod, ['spec', 'volumes']);
  return template.volumes.flatMap((volume): Conflict[] => {
    const index = indexOfName(volumes, volume.name);
    const present = volumes[index];
    if (present === undefined || isSameVolume(present, volume)) return [];
    const text = `the name ${volume.name} is taken by another volume`;
    return [{ kind: 'name', text, replacement: { path: ['spec', 'volumes', index], value: volume } }];
  });
}

/** The containers of a pod share one network: the second listener on a port fails to start. */
function portConflicts(pod: JsonObject, { additions, ours }: Blueprint): Conflict[] {
  const wanted = additions
    .filter((addition) => runsBesideApp(addition))
    .flatMap(({ container }) => portsOf(container as JsonObject));
  if (wanted.length === 0) return [];
  const running = [
    ...objectsAt(pod, ['spec', 'containers']),
    ...objectsAt(pod, ['spec', 'initContainers']).filter((item) => member(item, 'restartPolicy') === 'Always'),
  ].filter((container) => !ours.has(member(container, 'name')));
  const taken = new Map(
    running.flatMap((container) =>
      portsOf(container).map((port) => [port, String(member(container, 'name'))] as const),
    ),
  );
  return wanted
    .filter((port) => taken.has(port))
    .map((port) => ({ kind: 'port', text: `port ${port} is taken by container ${taken.get(port)}` }));
}

/** Ports of the pod's network as `80/TCP`, and those of the node's, on which the API server refuses a second one. */
function portsOf(container: JsonObject): string[] {
  return objectsAt(container, ['ports']).flatMap((port) => {
    const [protocol, hostPort] = [member(port, 'protocol'), Number(member(port, 'hostPort') ?? 0)];
    const suffix = typeof protocol === 'string' ? protocol : 'TCP';
    const inPod = `${Number(member(port, 'containerPort'))}/${suffix}`;
    return hostPort === 0 ? [inPod] : [inPod, `${hostPort}/${suffix} of the node`];
  });
}

function appConflicts(pod: JsonObject, blueprint: Blueprint): Conflict[] {
  const { env, volumeMounts } = blueprint.template.appContainers;
  if (env.length + volumeMounts.length === 0) return [];
  return appContainersOf(pod, blueprint).flatMap(({ path, container, name }) => [
    ...volumeMounts.flatMap((mount): Conflict[] => {
      const text = `mountPath ${mount.mountPath} of container ${name} is taken`;
      if (isDevice(container, mount.mountPath)) return [{ kind: 'mountPath', text }];
      const index = mountAt(container, mount);
      if (index === -1 || contains(objectsAt(container, ['volumeMounts'])[index], mount)) return [];
      return [{ kind: 'mountPath', text, replacement: { path: [...path, 'volumeMounts', index], value: mount } }];
    }),
    ...env.flatMap((variable): Conflict[] => {
      const index = variableAt(container, variable);
      if (index === -1 || isSameVariable(objectsAt(container, ['env'])[index], variable)) return [];
      const text = `container ${name} sets ${variable.name} itself`;
      return [{ kind: 'env', text, replacement: { path: [...path, 'env', index], value: variable } }];
    }),
  ]);
}

/** A block device cannot make way for a mount. */
function isDevice(container: JsonObject, path: string): boolean {
  return objectsAt(container, ['volumeDevices']).some((device) => member(device, 'devicePath') === path);
}

function indexOfName(items: readonly JsonObject[], name: string): number {
  return items.findIndex((item) => member(item, 'name') === name);
}
