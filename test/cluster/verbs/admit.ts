/** The admission chain around a write: namespace life cycle first, then the cluster's plugins and webhooks. */
import type { AdmissionAttributes, KubeObject } from '../types.ts';
import type { Call } from './call.ts';
import { dedupOwnerReferences } from './metadata.ts';
import { checkNamespaceLifecycle } from './namespace-lifecycle.ts';

/** Mutating admission. Returns the object to go on with. @throws StatusError */
export async function mutate(call: Call, attributes: AdmissionAttributes, object: KubeObject): Promise<KubeObject> {
  checkNamespaceLifecycle(attributes, call.parts.store);
  const admitted = await call.parts.admission.mutate(attributes, (changed) =>
    call.resource.strategy.defaults?.(changed),
  );
  const result = admitted ?? object;
  dedupOwnerReferences(result.metadata, call.warn, true);
  return result;
}

/** Validating admission. @throws StatusError */
export function validate(call: Call, attributes: AdmissionAttributes): Promise<void> {
  return call.parts.admission.validate(attributes);
}
