/**
 * The identities that this replica serves, one per injector. A working one is never dropped: while its Secret is missing,
 * broken or not yet trusted, the one before goes on (reference/certs.md 3.3 I1, I6).
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import { chainFailure, parseCertificates, toPem } from '../../pki/inspect.ts';
import type { StoredIdentity } from '../secret.ts';
import { fingerprintOf, judge, type Material } from '../identity.ts';

export interface ServedIdentity {
  state: StoredIdentity;
  material: Material;
  fingerprint: string;
  context: SecureContext;
}

export interface Candidate {
  identity?: ServedIdentity;
  failure?: string;
}

/** @param clients PEM: the authorities that certificates of clients are verified with */
export function contextOf(
  { key, certificate }: Pick<StoredIdentity, 'key' | 'certificate'>,
  clients?: string,
): SecureContext {
  return createSecureContext({
    key,
    cert: certificate,
    minVersion: 'TLSv1.2',
    // Without a list Node would add the authorities that come with it, which costs as much as the rest and serves nobody.
    ca: clients ?? [],
  });
}

/** Makes an identity of what a Secret holds, if that can be served at all. */
export function candidateOf(
  state: StoredIdentity,
  names: { dnsNames: string[]; ipAddresses: string[] },
  now: Date,
): Candidate {
  if (state.certificate === '') return { failure: 'no certificate has been stored yet' };
  const { material, failure } = judge({ ...state, names, now, minimumRemainingSeconds: 0 });
  if (material === undefined || failure !== undefined)
    return { failure: `the stored certificate ${failure ?? 'is not PEM'}` };
  const { certificate, key, anchors, signerName, requestName, issued = '' } = state;
  try {
    const context = contextOf({ key, certificate: toPem(material.chain) });
    const fingerprint = fingerprintOf(material.leaf);
    return {
      identity: {
        state: { certificate, key, anchors, signerName, requestName, issued },
        material,
        fingerprint,
        context,
      },
    };
  } catch (error) {
    return { failure: `TLS refuses the stored certificate: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Why clients that trust `published` (PEM) would refuse the identity; undefined when they take it. */
export function distrust(identity: ServedIdentity, published: string, now: Date): string | undefined {
  return chainFailure(identity.material.chain, parseCertificates(published) ?? [], now);
}

/**
 * Which of the two to serve: the new one as soon as everybody who calls trusts it. While the old one is not trusted
 * either there is nothing to lose by the new one.
 */
export function choose(
  current: ServedIdentity | undefined,
  next: ServedIdentity | undefined,
  published: string | undefined,
  now: Date,
): ServedIdentity | undefined {
  if (next === undefined || current === undefined) return next ?? current;
  if (next.fingerprint === current.fingerprint || published === undefined) return next;
  const nextWorks = distrust(next, published, now) === undefined;
  const currentWorks = distrust(current, published, now) === undefined;
  return nextWorks || !currentWorks ? next : current;
}
