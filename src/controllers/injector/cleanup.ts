/**
 * After an injector is deleted. There is no finalizer: ownerReferences alone make Kubernetes remove everything, also when
 * the operator was uninstalled first, and nothing can wedge the deletion (reference/ops.md 2). What the operator adds is the
 * order: the webhook configuration goes first, so that no pod is sent to a Service that is gone.
 */
import { INJECTOR_LABEL, KIND, secretName, serviceName, webhookConfigurationName } from '../../api/v1alpha1/names.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { get, list, remove, type ObjectKey } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS } from '../revisions.ts';
import type { InjectorContext } from './context.ts';

/** Removes what the injector of this name left behind. `uid`: the present injector of the name, whose objects stay. */
export async function cleanUp(
  context: InjectorContext,
  injector: string,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { client, operator, log } = context;
  const { namespace } = operator;
  const isLeftover = (object: KubeObject): boolean =>
    (object.metadata.ownerReferences ?? []).some(
      (owner) => owner.kind === KIND && owner.name === injector && owner.uid !== uid,
    ) && !(object.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid);

  const removeOne = async (resource: ResourceRef, key: ObjectKey): Promise<void> => {
    const object = await get(client, resource, key, { signal });
    if (object === undefined || !isLeftover(object)) return;
    const preconditions = { uid: object.metadata.uid };
    if (await remove(client, resource, key, { preconditions, signal })) {
      log.info('removed after its injector', { injector, kind: resource.kind, name: key.name });
    }
  };
  await removeOne(RESOURCES.mutatingWebhookConfigurations, { name: webhookConfigurationName(injector) });

  const labelSelector = `${INJECTOR_LABEL}=${injector}`;
  const requests = await list(client, RESOURCES.certificateSigningRequests, { labelSelector, signal });
  const revisions = await list(client, CONTROLLER_REVISIONS, { namespace, labelSelector, signal });
  await Promise.all([
    removeOne(RESOURCES.services, { name: serviceName(injector), namespace }),
    removeOne(RESOURCES.secrets, { name: secretName(injector), namespace }),
    ...requests.items.map(({ metadata }) => removeOne(RESOURCES.certificateSigningRequests, { name: metadata.name })),
    ...revisions.items.map(({ metadata }) => removeOne(CONTROLLER_REVISIONS, { name: metadata.name, namespace })),
  ]);
}
