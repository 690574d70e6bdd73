/** What of the template cannot be added because the pod has something else of that name, mount path, port or variable. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { appContainersOf, isSameVariable, mountAt, variableAt } from './appcontainers.ts';
import type { Blueprint } from './blueprint.ts';
import { contains, isSameContainer, isSameVolume } from './content.ts';
import { member, objectsAt } from './json.ts';
import type { Path } from './patch.ts';
import { portsOf } from './ports.ts';

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
  const conflicts: Conflict[] = [];
  addContainerConflicts(conflicts, pod, blueprint);
  addVolumeConflicts(conflicts, pod, blueprint);
  addPortConflicts(conflicts, pod, blueprint);
  conflicts.push(...appConflicts(pod, blueprint));
  return conflicts;
}

function addContainerConflicts(conflicts: Conflict[], pod: JsonObject, { additions }: Blueprint): void {
  for (const { list, container } of additions) {
    for (const taken of CONTAINER_LISTS) {
      const present = objectsAt(pod, ['spec', taken]);
      const index = indexOfName(present, container.name);
      const other = present[index];
      if (other === undefined || (taken === list && isSameContainer(other, container))) continue;
      const text = `the name ${container.name} is taken by another container`;
      if (taken !== list) conflicts.push({ kind: 'name', text });
      else conflicts.push({ kind: 'name', text, replacement: { path: ['spec', list, index], value: container } });
    }
  }
}

function addVolumeConflicts(conflicts: Conflict[], pod: JsonObject, { template }: Blueprint): void {
  const volumes = objectsAt(pod, ['spec', 'volumes']);
  for (const volume of template.volumes) {
    const index = indexOfName(volumes, volume.name);
    const present = volumes[index];
    if (present === undefined || isSameVolume(present, volume)) continue;
    const text = `the name ${volume.name} is taken by another volume`;
    conflicts.push({ kind: 'name', text, replacement: { path: ['spec', 'volumes', index], value: volume } });
  }
}

/** The containers of a pod share one network: the second listener on a port fails to start. */
function addPortConflicts(conflicts: Conflict[], pod: JsonObject, { ports, ours }: Blueprint): void {
  if (ports.length === 0) return;
  const taken = new Map<string, string>();
  const take = (container: JsonObject): void => {
    const name = member(container, 'name');
    if (!ours.has(name)) for (const port of portsOf(container)) taken.set(port, String(name));
  };
  for (const container of objectsAt(pod, ['spec', 'containers'])) take(container);
  for (const container of objectsAt(pod, ['spec', 'initContainers'])) {
    if (member(container, 'restartPolicy') === 'Always') take(container);
  }
  for (const port of ports) {
    if (taken.has(port)) {
      conflicts.push({ kind: 'port', text: `port ${port} is taken by container ${taken.get(port)}` });
    }
  }
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
