/** The certificate half of the facts: what is served, what is asked for, what has come of it. */
import { createHash, type KeyObject } from 'node:crypto';
import { certificateOf } from '../../api/v1alpha1/defaults.ts';
import { requestName } from '../../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { USAGES, type RequestFacts, type WantedRequest } from '../../domain/issuance.ts';
import type { OperatorFacts } from '../../domain/plan-objects.ts';
import type { CurrentIdentity } from '../../domain/plan.ts';
import { isShorter, parseDuration, renewalTime, shorterText, usableLife } from '../../domain/renewal.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../kube/objects.ts';
import type { Identity } from '../../pki/identity.ts';
import { parseCertificates } from '../../pki/inspect.ts';
import { parsePrivateKey } from '../../pki/keys.ts';
import { createRequest } from '../../pki/requests.ts';
import { anchorsOf, fingerprintOf, judge, requiredNames, wantedIdentity, endOf } from '../identity.ts';
import { unionOfAnchors } from '../rollover-state.ts';
import { issuedAt, type SecretState, type StoredIdentity } from '../secret.ts';
import { trustFor, type Configured, type Trusted } from './anchors.ts';
import { nowOf, type InjectorContext, type Memory } from './context.ts';

/** spec.expirationSeconds of a CertificateSigningRequest may not be less (reference/certs.md 1.1). */
const SHORTEST_SECONDS = 600;
/** Less rest of life than this is not worth a promotion (3.5); half of it where less was asked for. */
const LEAST_REMAINING_SECONDS = 600;

export interface Pending {
  key: KeyObject;
  identity: Identity;
  wanted: WantedRequest;
}

/** The lifetime to ask for, in seconds. */
export function lifetimeSeconds(injector: SidecarInjector): number {
  return Math.max(SHORTEST_SECONDS, Math.round(parseDuration(certificateOf(injector).duration) ?? 0));
}

/** The identity in the Secret; undefined when there is none yet. */
export function currentIdentity(
  injector: SidecarInjector,
  state: StoredIdentity,
  operator: OperatorFacts,
  now: Date,
): CurrentIdentity | undefined {
  if (state.certificate === '') return undefined;
  const names = requiredNames(injector.metadata.name, operator);
  const { material, failure } = judge({ ...state, names, now, minimumRemainingSeconds: 0 });
  const common = {
    signerName: state.signerName,
    requestName: state.requestName,
    ...(failure !== undefined && { failure }),
  };
  if (material === undefined) {
    const never = new Date(0);
    return {
      ...common,
      serialNumber: '',
      fingerprint: '',
      notBefore: never,
      notAfter: never,
      renewalTime: never,
      anchors: [],
    };
  }
  const { leaf } = material;
  const validity = { notBefore: leaf.validFromDate, notAfter: endOf(material) };
  const received = issuedAt(state, leaf.serialNumber);
  const usable = usableLife(validity, received);
  const asked = lifetimeSeconds(injector);
  const { renewBefore } = certificateOf(injector);
  const seed = `${injector.metadata.uid}/${leaf.serialNumber}`;
  return {
    ...common,
    ...validity,
    serialNumber: leaf.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(leaf),
    ...(isShorter(validity, asked) && { shorter: shorterText(usable, asked) }),
    renewalTime: renewalTime(usable, renewBefore === undefined ? undefined : parseDuration(renewBefore), seed),
    anchors: anchorsOf(state.anchors),
  };
}

/** Why a new certificate is needed; undefined while the present one does. */
export function whyNeeded(
  identity: CurrentIdentity | undefined,
  signerName: string,
  now: Date,
  rotation: { wish: string; fulfilled: string },
  configured: Configured | undefined,
): string | undefined {
  if (identity === undefined) return 'there is no certificate yet';
  if (identity.failure !== undefined) return `the certificate ${identity.failure}`;
  if (identity.signerName !== signerName) return `the signer is now ${signerName}, no longer ${identity.signerName}`;
  if (configured !== undefined && 'anchors' in configured && configured.anchors !== anchorsText(identity)) {
    return 'spec.certificate.caBundleFrom leads to other authorities now';
  }
  if (rotation.wish !== '' && rotation.wish !== rotation.fulfilled) return `a rotation is wished for: ${rotation.wish}`;
  return now >= identity.renewalTime ? `it was due for renewal at ${identity.renewalTime.toISOString()}` : undefined;
}

function anchorsText({ anchors }: CurrentIdentity): string {
  return unionOfAnchors(anchors.map(({ pem }) => pem).join(''));
}

/**
 * What the pending key asks for: made from key and spec, so that nothing stored can make it ask for more. It is remembered, as
 * a signature takes milliseconds and the same key asks for the same on each look.
 */
export async function pendingRequest(
  injector: SidecarInjector,
  state: SecretState,
  operator: OperatorFacts,
  memory: Pick<Memory, 'pending'>,
): Promise<Pending | undefined> {
  const { signerName } = certificateOf(injector);
  const identity = wantedIdentity(injector.metadata.name, signerName, operator);
  const expirationSeconds = lifetimeSeconds(injector);
  const from = JSON.stringify([state.pendingKey, signerName, identity, expirationSeconds, injector.metadata.uid]);
  if (memory.pending?.from === from) return memory.pending.pending;
  delete memory.pending;
  const key = parsePrivateKey(state.pendingKey);
  if (key === undefined) return undefined;
  const request = await createRequest(key, identity);
  const asked = [request, signerName, ...USAGES, expirationSeconds, injector.metadata.uid].join('\n');
  const digest = createHash('sha256').update(asked).digest('hex').slice(0, 20);
  const name = requestName(injector.metadata.name, digest);
  const pending = { key, identity, wanted: { name, request, signerName, usages: USAGES, expirationSeconds } };
  memory.pending = { from, pending };
  return pending;
}

/** A stored request as facts; with what can be promoted, when its certificate is there and good. */
export async function requestFacts(
  context: InjectorContext,
  injector: SidecarInjector,
  stored: CertificateSigningRequest,
  pending: Pending,
  configured: Configured | undefined,
  signal: AbortSignal,
): Promise<{ facts: RequestFacts; issued?: Trusted }> {
  const { metadata, spec, status } = stored;
  const createdAt = new Date(metadata.creationTimestamp ?? nowOf(context));
  const condition = (type: string): { message: string; at: Date } | undefined => {
    const found = status?.conditions?.find((candidate) => candidate.type === type && candidate.status === 'True');
    return found && { message: wordsOf(found), at: timeOf(found, createdAt) };
  };
  const { failure, issued } = status?.certificate
    ? await judgeIssued(
        context,
        injector,
        Buffer.from(status.certificate, 'base64').toString('utf8'),
        stored,
        signal,
        pending,
        configured,
      )
    : {};
  const facts: RequestFacts = {
    name: metadata.name,
    uid: metadata.uid ?? '',
    request: Buffer.from(spec.request, 'base64').toString('utf8'),
    signerName: spec.signerName,
    usages: spec.usages ?? [],
    expirationSeconds: spec.expirationSeconds,
    username: spec.username ?? '',
    approvedAt: condition('Approved')?.at,
    denied: condition('Denied'),
    failed: condition('Failed'),
    createdAt,
    issued: status?.certificate ? { failure } : undefined,
  };
  return { facts, ...(issued !== undefined && { issued }) };
}

async function judgeIssued(
  context: InjectorContext,
  injector: SidecarInjector,
  certificate: string,
  stored: CertificateSigningRequest,
  signal: AbortSignal,
  pending: Pending,
  configured: Configured | undefined,
): Promise<{ failure?: string; issued?: Trusted }> {
  const chain = parseCertificates(certificate);
  if (chain === undefined) return { failure: 'is not PEM' };
  if (configured !== undefined && 'missing' in configured)
    return { failure: `cannot be verified: ${configured.missing}` };
  const issued = await trustFor(context, chain, configured, signal);
  const { failure } = judge({
    ...issued,
    key: pending.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    names: requiredNames(injector.metadata.name, context.operator),
    now: nowOf(context),
    minimumRemainingSeconds: Math.min(LEAST_REMAINING_SECONDS, (stored.spec.expirationSeconds ?? Infinity) / 2),
  });
  return failure === undefined ? { issued } : { failure };
}

function wordsOf({ reason, message }: CertificateSigningRequestCondition): string {
  return [reason, message].filter((part) => part !== undefined && part !== '').join(': ') || 'no reason given';
}

function timeOf(condition: CertificateSigningRequestCondition, fallback: Date): Date {
  const text = condition.lastUpdateTime ?? condition.lastTransitionTime;
  return text === undefined ? fallback : new Date(text);
}
