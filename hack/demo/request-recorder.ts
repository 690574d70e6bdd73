/** Remembers every state of every CertificateSigningRequest: the operator deletes its requests after use. */

import type { KubeClient } from '../../src/kube/client.ts';
import type { CertificateSigningRequest } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath } from '../../src/kube/resources.ts';

interface Event {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: CertificateSigningRequest;
}

/** Starts to watch. The array grows until `signal` aborts. */
export const recordRequests = async (client: KubeClient, signal: AbortSignal): Promise<Event[]> => {
  const events: Event[] = [];
  const stream = await client.stream({
    path: resourcePath(RESOURCES.certificateSigningRequests, {}),
    query: { watch: true, timeoutSeconds: 600 },
    signal,
  });
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line) as Event);
    }
  };
  read().catch((error: unknown) => {
    if (!signal.aborted) console.error('the watch of certificate signing requests ended:', error);
  });
  return events;
};
