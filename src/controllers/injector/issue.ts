/** The writes of issuance: one write per step, each of which fails when somebody else was faster. */
import { createPublicKey } from 'node:crypto';
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import { rotatesAuthority, rotationOf } from '../../api/v1alpha1/rotation.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { WantedRequest } from '../../domain/issuance.ts';
import { ownedMetadata } from '../../domain/plan-objects.ts';
import type { IssuanceStep } from '../../domain/plan.ts';
import { isShorter, shorterText, usableLife } from '../../domain/renewal.ts';
import { operatorError } from '../../errors.ts';
import { ApiError, isAlreadyExists, isForbidden } from '../../kube/errors.ts';
import type { CertificateSigningRequest, Secret } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { create, get, replace } from '../../kube/verbs.ts';
import { issueServing } from '../../pki/authority.ts';
import { parseCertificates } from '../../pki/inspect.ts';
import { generatePrivateKey } from '../../pki/keys.ts';
import { publishedBundle } from '../serving/published.ts';
import { sameAnchors, stage } from '../rollover-state.ts';
import { issuedNow, writeState, type SecretState, type StoredIdentity } from '../secret.ts';
import { alarmingSkew, ensureAuthority } from './authority.ts';
import { lifetimeSeconds } from './certificate.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';
import { recordEvent } from './events.ts';
import type { Gathered } from './gather.ts';
import { withObject, type Update } from './snapshot.ts';

/** Rights change: after this an approval that was forbidden is tried again. */
const ASK_AGAIN_MS = 60_000;

const RESULTS = { Denied: 'denied', Failed: 'failed', Invalid: 'unusable' } as const;

/** Writes the state into the injector's Secret: creates it, or replaces exactly the version that was read. */
export async function storeState(
  context: InjectorContext,
  injector: SidecarInjector,
  { snapshot }: Pick<Gathered, 'snapshot'>,
  state: SecretState,
  signal: AbortSignal,
): Promise<Update> {
  const { client, operator } = context;
  const secret = writeState(injector, operator.namespace, state, snapshot.secret);
  const write = snapshot.secret === undefined ? create : replace;
  return { secret: await write<Secret>(client, RESOURCES.secrets, secret, { signal }) };
}

export async function performIssuance(
  context: InjectorContext,
  injector: SidecarInjector,
  step: IssuanceStep,
  gathered: Gathered,
  memory: Memory,
  signal: AbortSignal,
): Promise<Update> {
  const { state } = gathered;
  switch (step.step) {
    case 'GenerateKey':
      return generateKey(context, injector, step, gathered, signal);
    case 'DropPending':
      return storeState(context, injector, gathered, { ...state, pendingKey: '', pendingWish: '', attempt: 0 }, signal);
    case 'CreateRequest':
      return createSigningRequest(context, injector, step.wanted, gathered, signal);
    case 'Approve':
      return approve(context, gathered, memory, signal);
    case 'Sign':
      return signRequest(context, injector, gathered, signal);
    case 'Promote':
    default:
      return promote(context, injector, gathered, signal);
  }
}

async function generateKey(
  context: InjectorContext,
  injector: SidecarInjector,
  { attempt, why, after }: Extract<IssuanceStep, { step: 'GenerateKey' }>,
  gathered: Gathered,
  signal: AbortSignal,
): Promise<Update> {
  const { name } = injector.metadata;
  const pendingKey = await generatePrivateKey(certificateOf(injector).keySize, signal);
  const pendingWish = rotationOf(injector);
  const state = { ...gathered.state, pendingKey, pendingWish, attempt, previousAnchors: anchorsToKeep(gathered) };
  const update = await storeState(context, injector, gathered, state, signal);
  if (after !== undefined) {
    context.metrics.count('certificate_issues_total', { injector: name, result: RESULTS[after] });
    if (after === 'Invalid') context.metrics.count('step_failures_total', { injector: name, step: 'check' });
  }
  context.log.info('a new key waits for its certificate', { injector: name, why, attempt });
  return update;
}

/**
 * What replicas may still be serving while a first certificate is being made: the Secret is lost, but the webhook
 * configuration says what was trusted. It goes on to be trusted until the new certificate replaces it.
 */
function anchorsToKeep({ facts, state, snapshot }: Gathered): string {
  const { injector, operator } = facts;
  if (state.previousAnchors !== '' || facts.identity !== undefined) return state.previousAnchors;
  return publishedBundle(snapshot.configuration, injector, operator) ?? '';
}

async function createSigningRequest(
  { client, log }: InjectorContext,
  injector: SidecarInjector,
  wanted: WantedRequest,
  { snapshot }: Gathered,
  signal: AbortSignal,
): Promise<Update> {
  const { name, request, signerName, usages, expirationSeconds } = wanted;
  const object: CertificateSigningRequest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: ownedMetadata(injector, name),
    spec: { request: Buffer.from(request).toString('base64'), signerName, usages: [...usages], expirationSeconds },
  };
  const { requests } = snapshot;
  try {
    const created = await create(client, RESOURCES.certificateSigningRequests, object, { signal });
    log.info('a certificate is asked for', { injector: injector.metadata.name, request: name, signerName });
    return { requests: withObject(requests, created) };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Made before a crash or by another leader, and its label was edited away. Whether it is ours is judged next.
    const found = await get<CertificateSigningRequest>(
      client,
      RESOURCES.certificateSigningRequests,
      { name },
      { signal },
    );
    return found === undefined ? {} : { requests: withObject(requests, found) };
  }
}

/** A whole PUT: a patch of the list of conditions would remove those of others (reference/certs.md 1.1). */
async function approve(
  { client, log, clock }: InjectorContext,
  { request, snapshot }: Gathered,
  memory: Memory,
  signal: AbortSignal,
): Promise<Update> {
  if (request === undefined) return {};
  const approved: CertificateSigningRequest = {
    ...request,
    status: {
      ...request.status,
      conditions: [
        ...(request.status?.conditions ?? []),
        {
          type: 'Approved',
          status: 'True',
          reason: 'RequestedByTheOperator',
          message: 'Key, subject, names, usages, signer and requestor are exactly what the operator asked for.',
          lastUpdateTime: `${new Date(clock.now()).toISOString().slice(0, 19)}Z`,
        },
      ],
    },
  };
  const options = { subresource: 'approval', signal };
  try {
    const stored = await replace(client, RESOURCES.certificateSigningRequests, approved, options);
    log.info('approved a request of our own', { request: request.metadata.name });
    return { requests: withObject(snapshot.requests, stored) };
  } catch (error) {
    if (!(error instanceof ApiError) || !isForbidden(error)) throw error;
    // Approval for kubelet-serving is a right that the cluster's owner may keep to himself: then he approves.
    memory.approvalRefused = { message: error.message, until: new Date(clock.now() + ASK_AGAIN_MS) };
    log.warn('may not approve', { request: request.metadata.name, reason: error.message });
    return {};
  }
}

async function signRequest(
  context: InjectorContext,
  injector: SidecarInjector,
  { request, pending, snapshot, state }: Gathered,
  signal: AbortSignal,
): Promise<Update> {
  if (request === undefined || pending === undefined) return {};
  // Not what is wished for by now: a wish is fulfilled by a key that was made after it.
  const rotation = state.pendingWish;
  const wish = rotation !== state.rotated && rotatesAuthority(rotation) ? `${injector.metadata.uid}/${rotation}` : '';
  const authority = await ensureAuthority(context, signal, wish);
  const leaf = await issueServing({
    authority,
    publicKey: createPublicKey(pending.key),
    identity: pending.identity,
    now: nowOf(context),
    lifetimeSeconds: lifetimeSeconds(injector),
    skewMs: alarmingSkew(context),
  }).catch((error: unknown) => {
    throw operatorError('SI3007', { detail: error instanceof Error ? error.message : String(error) }, { cause: error });
  });
  const certificate = Buffer.from(leaf + authority.certificate).toString('base64');
  const signed: CertificateSigningRequest = { ...request, status: { ...request.status, certificate } };
  const options = { subresource: 'status', signal };
  const stored = await replace(context.client, RESOURCES.certificateSigningRequests, signed, options);
  context.log.info('signed a request of our own', { request: request.metadata.name });
  return { requests: withObject(snapshot.requests, stored) };
}

/**
 * One write turns the pending key and its certificate into what is served. Where the anchors change and what is served now
 * works, it is the next certificate instead: the rollover brings it in (domain/rollover.ts).
 */
async function promote(
  context: InjectorContext,
  injector: SidecarInjector,
  gathered: Gathered,
  signal: AbortSignal,
): Promise<Update> {
  const { state, issued, pending, facts, request } = gathered;
  if (issued === undefined || pending === undefined || request === undefined) return {};
  const leaf = parseCertificates(issued.certificate)?.[0];
  const identity: StoredIdentity = {
    certificate: issued.certificate,
    key: state.pendingKey,
    anchors: issued.anchors,
    signerName: pending.wanted.signerName,
    requestName: request.metadata.name,
    ...(leaf !== undefined && { issued: issuedNow(leaf.serialNumber, nowOf(context)) }),
  };
  const working = facts.identity !== undefined && facts.identity.failure === undefined;
  const staged = working && !sameAnchors(issued.anchors, state.anchors);
  const { rollover } = state;
  const rotated = state.pendingWish;
  const changed: SecretState = staged
    ? { ...stage(state, identity), rotated }
    : {
        ...state,
        ...identity,
        pendingKey: '',
        pendingWish: '',
        attempt: 0,
        rotated,
        rollover: { ...rollover, seq: rollover.seq + 1 },
      };
  const update = await storeState(context, injector, gathered, changed, signal);
  const { name } = injector.metadata;
  context.log.info(staged ? 'a certificate under other authorities is staged' : 'a new certificate is stored', {
    injector: name,
    request: request.metadata.name,
  });
  context.metrics.count('certificate_issues_total', { injector: name, result: 'issued' });
  recordEvent(context, injector, {
    type: 'Normal',
    reason: 'CertificateIssued',
    action: 'Promote',
    note: `${pending.wanted.signerName} issued the certificate that ${request.metadata.name} asked for`,
  });
  const validity = leaf && { notBefore: leaf.validFromDate, notAfter: leaf.validToDate };
  const asked = pending.wanted.expirationSeconds;
  if (validity !== undefined && isShorter(validity, asked)) {
    const note = shorterText(usableLife(validity, nowOf(context)), asked);
    recordEvent(context, injector, { type: 'Warning', reason: 'ShorterThanAsked', action: 'Promote', note });
  }
  return update;
}
