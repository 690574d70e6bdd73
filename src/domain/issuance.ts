/**
 * The life of a serving identity, as a state machine: what is known -> the one next step (DESIGN 3, reference/certs.md 3.2).
 * No step remembers anything: a process that dies between two steps leaves facts from which the next one follows.
 */
import { jitter } from './renewal.ts';

/** The usages of a serving certificate, as the kubelet-serving signer demands them (reference/certs.md 1.2). */
export const USAGES: readonly string[] = ['digital signature', 'key encipherment', 'server auth'];

/** What a CertificateSigningRequest must ask for to be ours. */
export interface WantedRequest {
  /** Made of a digest of everything below. */
  name: string;
  /** PKCS#10, PEM. Subject, names and public key are in these bytes; they are compared as a whole. */
  request: string;
  signerName: string;
  usages: readonly string[];
  expirationSeconds: number;
}

/** A CertificateSigningRequest as the API server holds it. */
export interface RequestFacts {
  name: string;
  uid: string;
  request: string;
  signerName: string;
  usages: readonly string[];
  expirationSeconds?: number | undefined;
  username: string;
  approvedAt?: Date | undefined;
  denied?: { message: string; at: Date } | undefined;
  failed?: { message: string; at: Date } | undefined;
  createdAt: Date;
  /** The certificate is there, and this is why it cannot be served (undefined: it can). */
  issued?: { failure?: string | undefined } | undefined;
}

export interface IssuanceFacts {
  now: Date;
  /** Who this operator is to the API server; only requests of this user are approved or signed. */
  username: string;
  signerName: string;
  /** The operator may approve requests for this signer. */
  approves: boolean;
  /** The API server's words when it refused the operator's approval a moment ago; others may still approve. */
  approvalRefused?: string | undefined;
  /** The operator is this signer. */
  signs: boolean;
  /** Why the certificate that is served now does not do; undefined while it does. */
  needed: string | undefined;
  /** The key that waits for its certificate. */
  pending?: { attempt: number; wanted: WantedRequest } | undefined;
  /** The request of the pending key, when there is one of its name. */
  request?: RequestFacts | undefined;
}

export type Step =
  | { step: 'None' }
  | { step: 'DropPending' }
  | { step: 'GenerateKey'; attempt: number; why: string; after?: Refusal | undefined }
  | { step: 'CreateRequest'; wanted: WantedRequest }
  | { step: 'Approve'; request: RequestFacts }
  | { step: 'Sign'; request: RequestFacts }
  | { step: 'Promote'; request: RequestFacts }
  | { step: 'Wait'; waiting: Waiting };

/** How a request came to nothing. */
export type Refusal = 'Denied' | 'Failed' | 'Invalid';

/** What a step waits for; `until` is when to look again even if nothing happens. */
export interface Waiting {
  for: 'Approval' | 'Signature' | Refusal;
  requestName: string;
  message: string;
  since: Date;
  until: Date;
}

const FIRST_BACKOFF_MS = 5000;
const LONGEST_BACKOFF_MS = 3_600_000;
/** After this without an answer of the signer another request is made: the one may have been lost (reference/certs.md 3.2 L4). */
const SIGNATURE_LIMIT_MS = 15 * 60_000;
/** The fallback for a watch that went silent (reference/certs.md 3.2 L4). */
const LOOK_AGAIN_MS = 5000;

/** How long to wait after failure number `attempt` (from 0): 5 s doubled each time, up to an hour, with a fixed jitter. */
export function backoff(attempt: number, seed: string): number {
  const full = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(attempt, 20), LONGEST_BACKOFF_MS);
  return full * (0.75 + 0.25 * jitter(`${seed}/${attempt}`));
}

/** Why a stored request is not the one that we made; undefined when it is exactly ours. Checked before it is approved or signed. */
export function strangeness(request: RequestFacts, wanted: WantedRequest, username: string): string | undefined {
  if (request.username !== username) return `it was made by ${request.username}, not by ${username}`;
  if (request.signerName !== wanted.signerName) return `it asks the signer ${request.signerName}`;
  if (request.request.trim() !== wanted.request.trim()) return 'its key, subject or names are not those asked for';
  if (request.usages.toSorted().join() !== wanted.usages.toSorted().join())
    return `it asks for the usages ${request.usages.join(', ')}`;
  if (request.expirationSeconds !== wanted.expirationSeconds) return `it asks for ${request.expirationSeconds} s`;
  return undefined;
}

/** The next step towards a certificate that can be served. Pure. */
export function nextStep(facts: IssuanceFacts): Step {
  const { pending, request, now } = facts;
  if (facts.needed === undefined) return pending === undefined ? { step: 'None' } : { step: 'DropPending' };
  if (pending === undefined) return { step: 'GenerateKey', attempt: 0, why: facts.needed };
  if (request === undefined) return { step: 'CreateRequest', wanted: pending.wanted };

  const strange = strangeness(request, pending.wanted, facts.username);
  if (strange !== undefined) {
    return {
      step: 'GenerateKey',
      attempt: pending.attempt + 1,
      why: `request ${request.name} is not ours: ${strange}`,
    };
  }
  const cameToNothing = (kind: Refusal, message: string, at: Date): Step => {
    const until = new Date(at.getTime() + backoff(pending.attempt, request.name));
    return now >= until
      ? { step: 'GenerateKey', attempt: pending.attempt + 1, why: `${kind.toLowerCase()}: ${message}`, after: kind }
      : { step: 'Wait', waiting: { for: kind, requestName: request.name, message, since: at, until } };
  };
  if (request.denied !== undefined) return cameToNothing('Denied', request.denied.message, request.denied.at);
  if (request.failed !== undefined) return cameToNothing('Failed', request.failed.message, request.failed.at);

  const wait = (what: 'Approval' | 'Signature', since: Date, message: string): Step => ({
    step: 'Wait',
    waiting: { for: what, requestName: request.name, message, since, until: new Date(now.getTime() + LOOK_AGAIN_MS) },
  });
  // The API server takes a certificate for a request that nobody approved (reference/certs.md 1.1): approval comes first.
  if (request.approvedAt === undefined) {
    if (facts.approves) return { step: 'Approve', request };
    const refused = facts.approvalRefused === undefined ? '' : `; the operator may not: ${facts.approvalRefused}`;
    const way = `for the signer ${facts.signerName} (kubectl certificate approve ${request.name})`;
    return wait('Approval', request.createdAt, `waits for somebody to approve it ${way}${refused}`);
  }
  if (request.issued !== undefined) {
    return request.issued.failure === undefined
      ? { step: 'Promote', request }
      : cameToNothing('Invalid', request.issued.failure, request.approvedAt);
  }
  if (facts.signs) return { step: 'Sign', request };
  // Each time it is waited for twice as long, up to 16 hours: a signer that is not there is not flooded with requests.
  const patience = SIGNATURE_LIMIT_MS * 2 ** Math.min(pending.attempt, 6);
  return now.getTime() - request.approvedAt.getTime() >= patience
    ? {
        step: 'GenerateKey',
        attempt: pending.attempt + 1,
        why: `the signer ${facts.signerName} did not answer for ${patience / 60_000} minutes`,
      }
    : wait('Signature', request.approvedAt, `is approved and waits for the signer ${facts.signerName}`);
}
