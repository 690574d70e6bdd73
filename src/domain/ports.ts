/** The ports that a container listens on, as far as two containers of one pod cannot have them both. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { member, objectsAt } from './json.ts';

/** Ports of the pod's network as `80/TCP`, and those of the node's, on which the API server refuses a second one. */
export function portsOf(container: JsonObject): string[] {
  const ports: string[] = [];
  for (const port of objectsAt(container, ['ports'])) {
    const protocol = member(port, 'protocol');
    const hostPort = Number(member(port, 'hostPort') ?? 0);
    const suffix = typeof protocol === 'string' ? protocol : 'TCP';
    ports.push(`${Number(member(port, 'containerPort'))}/${suffix}`);
    if (hostPort !== 0) ports.push(`${hostPort}/${suffix} of the node`);
  }
  return ports;
}
