/**
 * The objects behind one reconcile. They are read once, from the API server and never from a cache; from then on every write
 * puts its answer in place of what was read. Whoever else wrote meanwhile makes our next write fail, and the reconcile
 * begins anew.
 */
import { INJECTOR_LABEL, secretName, serviceName, webhookConfigurationName } from '../../api/v1alpha1/names.ts';
import { configurationNameOf, existingOf } from '../../domain/existing.ts';
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
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { configuredAnchors, type Configured } from './anchors.ts';
import type { InjectorContext } from './context.ts';
import type { Look } from './steady.ts';

export interface Snapshot {
  secret: Secret | undefined;
  service: Service | undefined;
  configuration: MutatingWebhookConfiguration | undefined;
  /** Our own one, where that is not the one above. */
  ownConfiguration: MutatingWebhookConfiguration | undefined;
  requests: readonly CertificateSigningRequest[];
  revisions: readonly ControllerRevision[];
  /** What spec.certificate.caBundleFrom leads to. */
  configured: Configured | undefined;
  look: Look;
}

/** What a write changed in the snapshot. */
export type Update = Partial<Omit<Snapshot, 'look' | 'configured'>>;

/**
 * Reads what belongs to the injector, the webhook configuration before the Secret: what is written to it follows from the
 * Secret, and is bound to the version that was read. So a leader that was deposed between the two cannot take back trust
 * that its successor published. Throws SI4001 for an object under our name that another controller owns. */
export async function readSnapshot(
  context: InjectorContext,
  object: SidecarInjector,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { client, clock, operator } = context;
  const { namespace } = operator;
  const injector = object.metadata.name;
  const options = { labelSelector: `${INJECTOR_LABEL}=${injector}`, signal };
  const configurationKey = { name: configurationNameOf(object) };
  const existing = existingOf(object) !== undefined;
  const begun = clock.monotonic();
  const published = get<MutatingWebhookConfiguration>(
    client,
    RESOURCES.mutatingWebhookConfigurations,
    configurationKey,
    { signal },
  );
  const [configuration, secret, service, requests, revisions, configured, ownConfiguration] = await Promise.all([
    published,
    published.then(() => get<Secret>(client, RESOURCES.secrets, { name: secretName(injector), namespace }, { signal })),
    get<Service>(client, RESOURCES.services, { name: serviceName(injector), namespace }, { signal }),
    list<CertificateSigningRequest>(client, RESOURCES.certificateSigningRequests, options),
    list<ControllerRevision>(client, CONTROLLER_REVISIONS, { namespace, ...options }),
    configuredAnchors(context, object, signal),
    existing
      ? get<MutatingWebhookConfiguration>(
          client,
          RESOURCES.mutatingWebhookConfigurations,
          { name: webhookConfigurationName(injector) },
          { signal },
        )
      : undefined,
  ]);
  for (const stored of [secret, service, ...(existing ? [] : [configuration])]) refuseForeign(stored, injector);
  return {
    secret,
    service,
    configuration,
    requests: requests.items,
    revisions: revisions.items,
    configured,
    ownConfiguration,
    look: { begun, done: clock.monotonic() },
  };
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
