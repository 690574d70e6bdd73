import { failure, notFound } from '../status.ts';
import type { KubeObject } from '../types.ts';
import { inVersion } from './call.ts';
import type { Call, Outcome } from './call.ts';
import { requireReached } from './list.ts';

/** The live object of the call, as its version shows it. @throws StatusError 404 */
export function live(call: Call): KubeObject {
  const object = call.parts.store.get(call.resource.storageKey, call.namespace, call.name);
  if (!object) throw notFound(call.resource, call.name);
  return inVersion(call.resource, object);
}

/** GET of one object: the newest state satisfies every version that there is. @throws StatusError 404, 500, 504 */
export function get(call: Call): Outcome {
  const version = call.query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version))
    throw failure(500, '', `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`);
  requireReached(Number(version), call.parts.store.revision);
  return { status: 200, body: live(call) };
}
