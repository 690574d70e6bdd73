import { notFound } from '../status.ts';
import type { KubeObject } from '../types.ts';
import { inVersion } from './call.ts';
import type { Call, Outcome } from './call.ts';

/** The live object of the call, as its version shows it. @throws StatusError 404 */
export function live(call: Call): KubeObject {
  const object = call.parts.store.get(call.resource.storageKey, call.namespace, call.name);
  if (!object) throw notFound(call.resource, call.name);
  return inVersion(call.resource, object);
}

/** GET of one object. */
export function get(call: Call): Outcome {
  return { status: 200, body: live(call) };
}
