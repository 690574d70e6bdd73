/** managedFields of a write: who writes, through which endpoint. */
import { resetFields, updateManagedFields } from '../patch/index.ts';
import type { WriteInfo } from '../patch/index.ts';
import type { KubeObject } from '../types.ts';
import type { Call } from './call.ts';

export function writeInfo(call: Call, manager: string): WriteInfo {
  const { resource, subresource, now } = call;
  return {
    schema: resource.schema(),
    apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
    manager,
    ...(subresource === undefined ? {} : { subresource }),
    reset: resetFields(resource, subresource),
    now,
  };
}

/** Notes which fields the manager wrote in a write that is no apply. Changes the object's managedFields. */
export function trackFields(call: Call, live: KubeObject | undefined, object: KubeObject, manager: string): void {
  try {
    updateManagedFields(live, object, writeInfo(call, manager));
  } catch {
    // FieldManager.UpdateNoErrors: what cannot be tracked (a list of maps without its keys) is stored untracked; validation decides.
    delete object.metadata.managedFields;
  }
}
