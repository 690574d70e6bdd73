/** One eviction by policy/v1, and what came of it. */
import type { RolloutPod } from '../../domain/rollout.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create } from '../../kube/verbs.ts';

export type Outcome =
  | { result: 'evicted' | 'gone' }
  /** A disruption budget says: not now. */
  | { result: 'held'; message: string; retryAfterMs: number }
  | { result: 'not_permitted' | 'failed'; message: string };

/** Asks for the eviction of this very pod, or with dryRun whether it would go. Throws what is no answer of the API server. */
export async function evict(
  client: KubeClient,
  { namespace, name, uid }: RolloutPod,
  signal: AbortSignal,
  { dryRun = false }: { dryRun?: boolean } = {},
): Promise<Outcome> {
  const eviction: KubeObject & { deleteOptions: object } = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid } },
  };
  try {
    // A budget that says no will not say yes a moment later.
    await create(client, RESOURCES.pods, eviction, { subresource: 'eviction', retries: 0, dryRun, signal });
    return { result: 'evicted' };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return outcomeOf(error);
  }
}

function outcomeOf(error: ApiError): Outcome {
  const { code, message, status, retryAfterSeconds = 0 } = error;
  // Conflict: the pod of this name is another one by now.
  if (code === 404 || code === 409) return { result: 'gone' };
  if (code === 429) {
    const cause = status?.details?.causes?.[0]?.message ?? message;
    return { result: 'held', message: cause, retryAfterMs: retryAfterSeconds * 1000 };
  }
  // A budget that is out of order is Forbidden, too (pkg/registry/core/pod/storage/eviction.go).
  const isRights = code === 403 && status?.details?.kind !== 'poddisruptionbudget' && message.includes('pods/eviction');
  return { result: isRights ? 'not_permitted' : 'failed', message };
}
