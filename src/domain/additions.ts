/** Which containers an injector adds, and to which list of the pod. */
import type { ResolvedTemplate } from '../api/v1alpha1/defaults.ts';
import type { Container } from '../api/v1alpha1/types.ts';

export type ContainerList = 'containers' | 'initContainers';

export interface Addition {
  list: ContainerList;
  container: Container;
  /** An init container that runs as long as the pod. */
  native: boolean;
}

function isNative(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** The template's containers in their order; with `native` those of `containers` become native sidecars. */
export function additionsOf({ containers, initContainers }: ResolvedTemplate, native: boolean): Addition[] {
  const sidecars = containers.map((container): Addition => {
    if (!native) return { list: 'containers', container, native: false };
    return { list: 'initContainers', container: { ...container, restartPolicy: 'Always' }, native: true };
  });
  const init = initContainers.map((container): Addition => ({
    list: 'initContainers',
    container,
    native: isNative(container),
  }));
  return [...sidecars, ...init];
}

/** Whether the container is up while the pod's own containers are, so that their ports must not clash. */
export function runsBesideApp(addition: Addition): boolean {
  return addition.list === 'containers' || addition.native;
}
