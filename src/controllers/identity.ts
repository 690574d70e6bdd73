/** What the certificate of an injector must speak for, and whether one does. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { SIGNER_KUBELET_SERVING, serviceDnsName, serviceDnsNames } from '../api/v1alpha1/names.ts';
import { webhookUrl, type OperatorFacts } from '../domain/plan-objects.ts';
import type { Anchor } from '../domain/trust.ts';
import { ACCEPTANCE, firstFailure } from '../pki/checks.ts';
import type { Identity } from '../pki/identity.ts';
import { chainNotAfter, parseCertificates, toPem } from '../pki/inspect.ts';

/** RFC 5280 upper bound of commonName. Go and OpenSSL ignore it where there are SANs, but signers may insist. */
const MAX_COMMON_NAME = 64;

/** The host of the webhook's URL in development; undefined in a cluster, where it is the Service. */
function urlHost(injector: string, operator: OperatorFacts): string | undefined {
  const url = webhookUrl(injector, operator);
  return url === undefined ? undefined : new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** The identity to ask for. The kubelet-serving signer demands its subject (reference/certs.md 1.2). */
export function wantedIdentity(injector: string, signerName: string, operator: OperatorFacts): Identity {
  const dnsName = serviceDnsName(injector, operator.namespace);
  const host = urlHost(injector, operator);
  const kubelet = signerName === SIGNER_KUBELET_SERVING;
  return {
    commonName: `${kubelet ? 'system:node:' : ''}${dnsName}`.slice(0, MAX_COMMON_NAME),
    ...(kubelet && { organization: 'system:nodes' }),
    dnsNames: [
      ...serviceDnsNames(injector, operator.namespace),
      ...(host !== undefined && isIP(host) === 0 ? [host] : []),
    ],
    ipAddresses: host !== undefined && isIP(host) !== 0 ? [host] : [],
  };
}

/** Names that a certificate must carry to be served: those that the API server dials. */
export function requiredNames(
  injector: string,
  operator: OperatorFacts,
): { dnsNames: string[]; ipAddresses: string[] } {
  const host = urlHost(injector, operator);
  const dnsNames = [serviceDnsName(injector, operator.namespace)];
  if (host === undefined) return { dnsNames, ipAddresses: [] };
  return isIP(host) === 0 ? { dnsNames: [...dnsNames, host], ipAddresses: [] } : { dnsNames, ipAddresses: [host] };
}

/** A certificate with its key that was found good. */
export interface Material {
  chain: X509Certificate[];
  leaf: X509Certificate;
  anchors: X509Certificate[];
}

/**
 * Judges a certificate, its key and its anchors by the acceptance checks.
 *
 * @param minimumRemainingSeconds how much of its life must be left
 * @returns the parsed material, with why it must not be served if it must not
 */
export function judge(options: {
  certificate: string;
  key: string;
  anchors: string;
  names: { dnsNames: string[]; ipAddresses: string[] };
  now: Date;
  minimumRemainingSeconds: number;
}): { material?: Material; failure?: string } {
  const chain = parseCertificates(options.certificate);
  const leaf = chain?.[0];
  if (chain === undefined || leaf === undefined) return { failure: 'is not PEM' };
  const anchors = parseCertificates(options.anchors) ?? [];
  const failed = firstFailure(ACCEPTANCE, { ...options, ...options.names, chain, leaf, keyPem: options.key, anchors });
  return { material: { chain, leaf, anchors }, ...(failed !== undefined && { failure: failed.message }) };
}

/** When it stops being valid. A leaf is refused above an expired authority, whatever its own dates say. */
export function endOf({ chain, anchors }: Pick<Material, 'chain' | 'anchors'>): Date {
  const lastAnchor = Math.max(...anchors.map((anchor) => anchor.validToDate.getTime()));
  return new Date(Math.min(chainNotAfter(chain).getTime(), lastAnchor));
}

/** Trust anchors of a PEM text; what does not parse is no anchor. */
export function anchorsOf(pem: string): Anchor[] {
  return (parseCertificates(pem) ?? []).map((certificate) => ({
    pem: toPem([certificate]),
    fingerprint: fingerprintOf(certificate),
    notAfter: certificate.validToDate,
  }));
}

/** SHA-256 in lower-case hex, without colons. */
export function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
