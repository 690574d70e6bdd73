/**
 * The objects behind one reconcile. They are read once, from the API server and never from a cache; from then on every write
 * puts its answer in place of what was read. Whoever else wrote meanwhile makes our next write fail, and the reconcile
 * begins anew.
 */
import { INJECTOR_LABEL, secretName, serviceName, webhookConfigurationName } from '../../api/v1alpha1/names.ts';
import { operatorError } from '../../errors.ts';
import type {
  CertificateSigningRequest,
  KubeObject,
  MutatingWebhookConfiguration,
  Secret,
  Service,
} from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get, list } from '../../kube/verbs.ts';
import { CONTROLLER_REVISIONS, type ControllerRevision } from '../revisions.ts';
import type { InjectorContext } from './context.ts';

export interface Snapshot {
  secret: Secret | undefined;
  service: Service | undefined;
  configuration: MutatingWebhookConfiguration | undefined;
  requests: readonly CertificateSigningRequest[];
  revisions: readonly ControllerRevision[];
}

/** What a write changed in the snapshot. */
export type Update = Partial<Snapshot>;

/** Reads what belongs to the injector. Throws SI4001 for an object under our name that another controller owns. */
export async function readSnapshot(
  { client, operator: { namespace } }: InjectorContext,
  injector: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const options = { labelSelector: `${INJECTOR_LABEL}=${injector}`, signal };
  const configurationKey = { name: webhookConfigurationName(injector) };
  const [secret, service, configuration, requests, revisions] = await Promise.all([
    get<Secret>(client, RESOURCES.secrets, { name: secretName(injector), namespace }, { signal }),
    get<Service>(client, RESOURCES.services, { name: serviceName(injector), namespace }, { signal }),
    get<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations, configurationKey, { signal }),
    list<CertificateSigningRequest>(client, RESOURCES.certificateSigningRequests, options),
    list<ControllerRevision>(client, CONTROLLER_REVISIONS, { namespace, ...options }),
  ]);
  for (const object of [secret, service, configuration]) refuseForeign(object, injector);
  return { secret, service, configuration, requests: requests.items, revisions: revisions.items };
}

/** An object under our name that another controller owns is not taken away from it. */
function refuseForeign(object: KubeObject | undefined, injector: string): void {
  const controller = object?.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (object === undefined || controller === undefined) return;
  if (controller.kind === 'SidecarInjector' && controller.name === injector) return;
  throw operatorError('SI4001', { kind: object.kind, name: object.metadata.name });
}

/** The list with this object in it, in place of an older version of itself. */
export function withObject<T extends KubeObject>(objects: readonly T[], object: T): T[] {
  return [...withoutObject(objects, object.metadata.name), object];
}

export function withoutObject<T extends KubeObject>(objects: readonly T[], name: string): T[] {
  return objects.filter(({ metadata }) => metadata.name !== name);
}
