import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { remembered } from './remembered.ts';

/** Object identifier of the extended key usage serverAuth (RFC 5280 4.2.1.12) and of anyExtendedKeyUsage. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Each look at an injector asks for its certificates and its authority a few times; all share the authority. */
const certificateOfBlock = remembered(512, (block) => new X509Certificate(block));

/**
 * All certificates of a PEM text, in order; text around the blocks is allowed, as in status.certificate of a
 * CertificateSigningRequest. Undefined when there is none or one does not parse.
 */
export function parseCertificates(pem: string): X509Certificate[] | undefined {
  const blocks = pem.match(CERTIFICATE_BLOCK);
  if (blocks === null) return undefined;
  try {
    return blocks.map((block) => certificateOfBlock(block));
  } catch {
    return undefined;
  }
}

/** Certificates as PEM text: LF, no comments, a newline at the end. The same list gives the same bytes. */
export function toPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => certificate.toString().replaceAll('\r\n', '\n').trimEnd() + '\n').join('');
}

/** The digest of a key that was found to match; not the key, which nobody else should keep. */
const matching = new WeakMap<X509Certificate, string>();

/** Does this PEM key belong to this certificate? False for anything that is no key. */
export function keyMatches(certificate: X509Certificate, keyPem: string): boolean {
  const digest = createHash('sha256').update(keyPem).digest('hex');
  if (matching.get(certificate) === digest) return true;
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return false;
  } catch {
    return false;
  }
  matching.set(certificate, digest);
  return true;
}

/** The DNS names and IP addresses that a certificate is valid for. */
export function alternativeNamesOf(certificate: X509Certificate): { dnsNames: string[]; ipAddresses: string[] } {
  const entries = (certificate.subjectAltName ?? '').split(', ');
  const ofType = (prefix: string): string[] =>
    entries.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
  return { dnsNames: ofType('DNS:'), ipAddresses: ofType('IP Address:') };
}

/** Is the certificate its own issuer? */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

/** Is the certificate good for a TLS server? (No extended key usage at all means any, as in Go's crypto/x509.) */
export function isForServers(certificate: X509Certificate): boolean {
  // Node's `keyUsage` is the *extended* key usage. It is undefined when the extension is absent.
  const usages = certificate.keyUsage as string[] | undefined;
  return usages === undefined || usages.includes(SERVER_AUTH) || usages.includes(ANY_USAGE);
}

/** Is `now` outside the validity? The words are for people. */
export function validityFailure(certificate: X509Certificate, now: Date): string | undefined {
  if (now < certificate.validFromDate) return `is not valid before ${certificate.validFromDate.toISOString()}`;
  if (now > certificate.validToDate) return `expired at ${certificate.validToDate.toISOString()}`;
  return undefined;
}

/**
 * Verifies a served chain against trust anchors as Go's crypto/x509 does for the API server: from the leaf through the
 * intermediates of the chain to any anchor, each valid now. An anchor may be the leaf itself (leaf pinning).
 *
 * @param chain leaf first
 * @returns why it does not verify, or undefined when it does
 */
export function chainFailure(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  now: Date,
): string | undefined {
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined) return 'there is no certificate';
  let refusal: string | undefined;
  const visit = (certificate: X509Certificate, rest: readonly X509Certificate[]): boolean => {
    const invalid = validityFailure(certificate, now);
    if (invalid !== undefined) {
      refusal ??= `certificate "${name(certificate)}" ${invalid}`;
      return false;
    }
    if (anchors.some((anchor) => anchor.fingerprint256 === certificate.fingerprint256)) return true;
    const issued = (issuer: X509Certificate): boolean =>
      issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
    return (
      anchors.filter(issued).some((anchor) => visit(anchor, [])) ||
      rest.filter(issued).some((issuer) =>
        visit(
          issuer,
          rest.filter((other) => other !== issuer),
        ),
      )
    );
  };
  if (visit(leaf, intermediates)) return undefined;
  return refusal ?? `certificate "${name(leaf)}" is signed by an unknown authority "${oneLine(leaf.issuer)}"`;
}

/**
 * The moment from which the chain is no longer valid: the earliest end of any certificate in it or of the anchors that
 * could end it.
 */
export function chainNotAfter(chain: readonly X509Certificate[]): Date {
  return new Date(Math.min(...chain.map((certificate) => certificate.validToDate.getTime())));
}

function name(certificate: X509Certificate): string {
  return oneLine(certificate.subject);
}

/** Node prints a distinguished name over several lines. */
function oneLine(distinguishedName: string): string {
  return distinguishedName.split('\n').join(', ');
}
