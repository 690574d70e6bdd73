/** Who this operator is to the API server: what it puts into spec.username of the requests that we make. */
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create } from '../../kube/verbs.ts';

interface SelfSubjectReview extends KubeObject {
  status?: { userInfo?: { username?: string } };
}

/** Asks once and remembers the answer; a failure is not remembered. */
export function rememberUsername(client: KubeClient): (signal: AbortSignal) => Promise<string> {
  let known: string | undefined;
  return async (signal) => {
    if (known !== undefined) return known;
    const review: SelfSubjectReview = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: {} as KubeObject['metadata'],
    };
    const answer = await create(client, RESOURCES.selfSubjectReviews, review, { signal });
    known = answer.status?.userInfo?.username ?? '';
    return known;
  };
}
