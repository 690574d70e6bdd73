/** The last words of pods that do not run: what the kubelet says is often only that they ended. */
import type { KubeClient } from '../../kube/client.ts';
import { RESOURCES, resourcePath } from '../../kube/resources.ts';
import { oneLine } from '../../domain/warnings.ts';
import { isReady } from './operator.ts';
import type { OperatorPod } from './resources.ts';

const MOST_PODS = 3;
const LINES = 5;
const TIMEOUT_MS = 5_000;
const MOST_CHARACTERS = 400;

/** By the pods' names; without those that have no log, or that may not be read. */
export async function lastLogs(client: KubeClient, pods: readonly OperatorPod[]): Promise<Map<string, string>> {
  const silent = pods.filter((pod) => !isReady(pod)).slice(0, MOST_PODS);
  const logs = await Promise.all(silent.map(async (pod) => [pod.metadata.name, await logOf(client, pod)] as const));
  return new Map(logs.filter(([, text]) => text !== ''));
}

async function logOf(client: KubeClient, { metadata, status }: OperatorPod): Promise<string> {
  const restarted = status?.containerStatuses?.some(({ restartCount = 0 }) => restartCount > 0);
  try {
    // Not JSON: so it is read as a stream.
    const bytes = await client.stream({
      path: resourcePath(RESOURCES.pods, { ...metadata, subresource: 'log' }),
      query: { tailLines: LINES, previous: restarted === true ? true : undefined },
      timeoutMs: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    return oneLine(Buffer.concat(chunks).toString('utf8'), MOST_CHARACTERS);
  } catch {
    return '';
  }
}
