/** Which injector an object belongs to. */
import { INJECTOR_LABEL, KIND } from '../api/v1alpha1/names.ts';
import type { KubeObject } from '../kube/objects.ts';

/** The name of the SidecarInjector that the object says it belongs to, by owner or, when that was edited away, by label. */
export function injectorOf(object: KubeObject): string | undefined {
  const owner = (object.metadata.ownerReferences ?? []).find(({ kind }) => kind === KIND);
  return owner?.name ?? object.metadata.labels?.[INJECTOR_LABEL];
}
