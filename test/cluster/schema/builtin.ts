import { kubernetesSchema } from '../../../hack/kubernetes-types.ts';
import type { Schema } from '../types.ts';

/** The schema of a built-in kind; the core group is ''. Shared and cached: never change it. Undefined when Kubernetes has no such kind. */
export function builtinSchema(group: string, version: string, kind: string): Schema | undefined {
  return kubernetesSchema(group, version, kind);
}
