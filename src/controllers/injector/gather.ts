/** API server, caches and memory -> facts. Reads only. What is written to by the plan is read fresh, never from a cache. */
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import {
  INJECTOR_LABEL,
  SIGNER_KUBELET_SERVING,
  SIGNER_OWN,
  secretName,
  serviceName,
  webhookConfigurationName,
} from '../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { IssuanceFacts } from '../../domain/issuance.ts';
import type { Facts } from '../../domain/plan.ts';
import { templateRevision } from '../../domain/revision.ts';
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
import { anchorsOf, judge, requiredNames } from '../identity.ts';
import { CONTROLLER_REVISIONS, storedRevisions, type ControllerRevision } from '../revisions.ts';
import { isMarked, NO_STATE, readState, type SecretState } from '../secret.ts';
import type { Trusted } from './anchors.ts';
import { currentIdentity, pendingRequest, requestFacts, whyNeeded, type Pending } from './certificate.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';

/** The facts, and the objects behind them that the actions need. */
export interface Gathered {
  facts: Facts;
  secret: Secret | undefined;
  state: SecretState;
  pending: Pending | undefined;
  request: CertificateSigningRequest | undefined;
  /** What the signer gave, ready to be promoted. */
  issued: Trusted | undefined;
}

export async function gather(
  context: InjectorContext,
  injector: SidecarInjector,
  memory: Memory,
  signal: AbortSignal,
): Promise<Gathered> {
  const { client, operator, serving } = context;
  const { name } = injector.metadata;
  const { namespace } = operator;
  const labelSelector = `${INJECTOR_LABEL}=${name}`;
  const [secret, service, configuration, requests, revisions] = await Promise.all([
    get<Secret>(client, RESOURCES.secrets, { name: secretName(name), namespace }, { signal }),
    get<Service>(client, RESOURCES.services, { name: serviceName(name), namespace }, { signal }),
    get<MutatingWebhookConfiguration>(
      client,
      RESOURCES.mutatingWebhookConfigurations,
      { name: webhookConfigurationName(name) },
      { signal },
    ),
    list<CertificateSigningRequest>(client, RESOURCES.certificateSigningRequests, { labelSelector, signal }),
    list<ControllerRevision>(client, CONTROLLER_REVISIONS, { namespace, labelSelector, signal }),
  ]);
  for (const object of [secret, service, configuration]) refuseForeign(object, name);

  const now = nowOf(context);
  const username = await context.username(signal);
  const { signerName } = certificateOf(injector);
  const state = secret === undefined ? NO_STATE : readState(secret);
  const identity = currentIdentity(injector, state, operator, now);
  const pending = await pendingRequest(injector, state, operator);
  const request =
    pending &&
    (requests.items.find(({ metadata }) => metadata.name === pending.wanted.name) ??
      (await requestOf(context, pending, signal)));
  const { facts: stored, issued } =
    request && pending ? await requestFacts(context, injector, request, pending, signal) : {};

  const issuance: IssuanceFacts = {
    now,
    username,
    signerName,
    approves: signerName === SIGNER_OWN || signerName === SIGNER_KUBELET_SERVING,
    signs: signerName === SIGNER_OWN,
    needed: whyNeeded(identity, signerName, now),
    pending: pending && { attempt: state.attempt, wanted: pending.wanted },
    request: stored,
  };
  const facts: Facts = {
    now,
    injector,
    operator,
    service: service as JsonObject | undefined,
    webhookConfiguration: configuration as JsonObject | undefined,
    known: remember(injector, memory, service, configuration),
    secretExists: secret !== undefined,
    secretMarked: secret !== undefined && isMarked(secret, injector),
    identity,
    otherAnchors: anchorsOf(state.previousAnchors),
    remembered: isUsable(serving.served(name)?.state, injector, context, now),
    served: serving.served(name)?.fingerprint,
    issuance,
    leftoverRequests: leftovers(requests.items, username, pending?.wanted.name),
    template: {
      wanted: templateRevision(injector),
      accepted: storedRevisions(injector, revisions.items),
      serving: injector.status?.template?.revision,
      trial: memory.trial,
    },
    probe: memory.probe,
    namespaces: context.caches.namespaces
      .list()
      .map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
  };
  return { facts, secret, state, pending, request, issued };
}

/** What was there at any time before, as far as this process or the status knows; and from now on what is there now. */
function remember(
  { status }: SidecarInjector,
  { seen }: Memory,
  service: unknown,
  configuration: unknown,
): Facts['known'] {
  seen.service ||= service !== undefined || status?.webhook?.serviceName !== undefined;
  seen.webhookConfiguration ||= configuration !== undefined || status?.webhook?.configurationName !== undefined;
  return { ...seen };
}

/** The request may have lost its label to somebody's hand; by its name it is found all the same. */
async function requestOf(
  { client }: InjectorContext,
  pending: Pending,
  signal: AbortSignal,
): Promise<CertificateSigningRequest | undefined> {
  return get<CertificateSigningRequest>(
    client,
    RESOURCES.certificateSigningRequests,
    { name: pending.wanted.name },
    { signal },
  );
}

/** Requests of ours that served their purpose. Requests of others are never touched, whatever label they carry. */
function leftovers(
  requests: readonly CertificateSigningRequest[],
  username: string,
  wanted: string | undefined,
): { name: string; uid: string }[] {
  return requests
    .filter(({ metadata, spec }) => spec.username === username && metadata.name !== wanted)
    .map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid ?? '' }));
}

function isUsable(
  state: Pick<SecretState, 'certificate' | 'key' | 'anchors'> | undefined,
  injector: SidecarInjector,
  { operator }: InjectorContext,
  now: Date,
): boolean {
  if (state === undefined) return false;
  const names = requiredNames(injector.metadata.name, operator);
  return judge({ ...state, names, now, minimumRemainingSeconds: 0 }).failure === undefined;
}

/** An object under our name that another controller owns is not taken away from it. */
function refuseForeign(object: KubeObject | undefined, injector: string): void {
  const controller = object?.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (object === undefined || controller === undefined) return;
  if (controller.kind === 'SidecarInjector' && controller.name === injector) return;
  throw operatorError('SI4001', { kind: object.kind, name: object.metadata.name });
}
