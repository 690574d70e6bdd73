/** What `--fix` may do: only what cannot break anything that works. */
import { isConflict, isNotFound } from '../../kube/errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import { RESOURCES, resourcePath } from '../../kube/resources.ts';
import { remove } from '../../kube/verbs.ts';

export type Mend =
  | { kind: 'LabelNamespace'; namespace: string; label: string; value: string }
  /** Only this very object: not one that was made in its place since. */
  | { kind: 'RemoveConfiguration'; name: string; uid: string; resourceVersion: string };

/** The same as a command, for people. */
export function mendCommand(mend: Mend): string {
  return mend.kind === 'LabelNamespace'
    ? `kubectl label namespace ${mend.namespace} ${mend.label}=${mend.value}`
    : `kubectl delete mutatingwebhookconfiguration ${mend.name}`;
}

/** Does it; false when the thing has changed meanwhile, so that it has to be looked at again. Throws ApiError. */
export async function perform(client: KubeClient, mend: Mend): Promise<boolean> {
  try {
    if (mend.kind === 'RemoveConfiguration') {
      const { name, uid, resourceVersion } = mend;
      const preconditions = { uid, resourceVersion };
      return await remove(client, RESOURCES.mutatingWebhookConfigurations, { name }, { preconditions });
    }
    await client.request({
      method: 'PATCH',
      path: resourcePath(RESOURCES.namespaces, { name: mend.namespace }),
      query: { fieldManager: 'kubectl-sidecar_injector' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { [mend.label]: mend.value } } },
    });
    return true;
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}
