/** Snapshot, caches and memory -> facts. Writes nothing. */
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import { SIGNER_KUBELET_SERVING, SIGNER_OWN } from '../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { rotationOf } from '../../api/v1alpha1/rotation.ts';
import type { IssuanceFacts } from '../../domain/issuance.ts';
import type { CurrentIdentity, Facts } from '../../domain/plan.ts';
import { templateRevision } from '../../domain/revision.ts';
import { trustsPrevious } from '../../domain/rollover.ts';
import type { CertificateSigningRequest } from '../../kube/objects.ts';
import type { OperatorFacts } from '../../domain/plan-objects.ts';
import { anchorsOf } from '../identity.ts';
import { storedRevisions } from '../revisions.ts';
import { isMarked, NO_STATE, readState, type SecretState } from '../secret.ts';
import type { Trusted } from './anchors.ts';
import { currentIdentity, pendingRequest, requestFacts, whyNeeded, type Pending } from './certificate.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import { isUsable, newerState } from './put-back.ts';
import { gatherRollover } from './rollover.ts';
import type { Snapshot } from './snapshot.ts';

/** The facts, and the objects behind them that the actions need. */
export interface Gathered {
  facts: Facts;
  snapshot: Snapshot;
  state: SecretState;
  pending: Pending | undefined;
  request: CertificateSigningRequest | undefined;
  /** What the signer gave, ready to be promoted. */
  issued: Trusted | undefined;
  /** What the Secret held before a hand put back an older one. */
  newer: SecretState | undefined;
}

export async function gather(
  context: InjectorContext,
  injector: SidecarInjector,
  snapshot: Snapshot,
  memory: Memory,
  signal: AbortSignal,
): Promise<Gathered> {
  const { operator, serving } = context;
  const { name } = injector.metadata;
  const { secret, service, configuration } = snapshot;
  const now = nowOf(context);
  const username = await context.username(signal);
  const { signerName } = certificateOf(injector);
  const state = secret === undefined ? NO_STATE : readState(secret);
  const identity = currentIdentity(injector, state, operator, now);
  const next = nextIdentity(injector, state, operator, now);
  const pending = await pendingRequest(injector, state, operator, memory);
  const request = pending && snapshot.requests.find(({ metadata }) => metadata.name === pending.wanted.name);
  const { facts: stored, issued } =
    request && pending ? await requestFacts(context, injector, request, pending, snapshot.configured, signal) : {};

  const { approvalRefused } = memory;
  const refused = approvalRefused !== undefined && now < approvalRefused.until ? approvalRefused : undefined;
  const issuance: IssuanceFacts = {
    now,
    username,
    signerName,
    approves: refused === undefined && (signerName === SIGNER_OWN || signerName === SIGNER_KUBELET_SERVING),
    approvalRefused: refused?.message,
    signs: signerName === SIGNER_OWN,
    // What is needed is on its way already.
    needed:
      next === undefined
        ? whyNeeded(
            identity,
            signerName,
            now,
            { wish: rotationOf(injector), fulfilled: state.rotated },
            snapshot.configured,
          )
        : undefined,
    pending: pending && { attempt: state.attempt, wanted: pending.wanted },
    request: stored,
  };
  const newer = isBroken(identity) ? undefined : newerState(context, injector, snapshot, state, memory);
  const trust = {
    now,
    identity,
    next,
    remembered: isUsable(serving.served(name)?.state, injector, context, now) && isBroken(identity),
    putBack: newer !== undefined,
    otherAnchors: trustsPrevious(state.rollover.phase) ? anchorsOf(state.previousAnchors) : [],
  };
  const { configured } = snapshot;
  const facts: Facts = {
    ...trust,
    clockSkewMs: context.skewMs?.() ?? 0,
    trustMissing: configured !== undefined && 'missing' in configured ? configured.missing : undefined,
    injector,
    operator,
    service: service as JsonObject | undefined,
    webhookConfiguration: configuration as JsonObject | undefined,
    ownConfiguration: snapshot.ownConfiguration as JsonObject | undefined,
    known: remember(injector, memory, service, configuration, request),
    secretExists: secret !== undefined,
    secretMarked: secret !== undefined && isMarked(secret, injector),
    rollover: await gatherRollover(context, injector, snapshot, state, trust, memory, signal),
    served: serving.served(name)?.fingerprint,
    issuance,
    leftoverRequests: leftovers(snapshot.requests, username, pending?.wanted.name),
    template: {
      wanted: templateRevision(injector),
      accepted: storedRevisions(injector, snapshot.revisions),
      serving: injector.status?.template?.revision,
      trial: memory.trial,
    },
    probe: memory.probe,
    repairs: memory.repairs,
    namespaces: context.caches.namespaces
      .list()
      .map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
  };
  return { facts, snapshot, state, pending, request, issued, newer };
}

function isBroken(identity: CurrentIdentity | undefined): boolean {
  return identity === undefined || identity.failure !== undefined;
}

/** What is staged; it fails, too, where it is of a signer that is no longer wanted. */
function nextIdentity(
  injector: SidecarInjector,
  { next }: SecretState,
  operator: OperatorFacts,
  now: Date,
): CurrentIdentity | undefined {
  const identity = next && currentIdentity(injector, next, operator, now);
  if (identity === undefined || identity.failure !== undefined) return identity;
  const { signerName } = certificateOf(injector);
  return identity.signerName === signerName
    ? identity
    : { ...identity, failure: `is of the signer ${identity.signerName}, which is no longer wanted` };
}

/** What was there at any time before, as far as this process or the status knows; and from now on what is there now. */
function remember(
  { status }: SidecarInjector,
  { seen }: Memory,
  service: unknown,
  configuration: unknown,
  request: CertificateSigningRequest | undefined,
): Facts['known'] {
  seen.service ||= service !== undefined || status?.webhook?.serviceName !== undefined;
  seen.webhookConfiguration ||= configuration !== undefined || status?.webhook?.configurationName !== undefined;
  seen.request = request?.metadata.name ?? seen.request;
  return { ...seen };
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
