/** Verification of a server's certificate as Go's crypto/x509 does it, with its messages (Certificate.Verify). */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { getCACertificates } from 'node:tls';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const UNKNOWN_AUTHORITY = 'x509: certificate signed by unknown authority';

/** The certificates of a PEM bundle; broken blocks beside good ones are skipped, as AppendCertsFromPEM does. @throws Error when none is good. */
export function parseBundle(pem: string): X509Certificate[] {
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----/g)];
  let failure = blocks.length === 0 ? 'unable to parse bytes as PEM block' : 'no valid certificate authority data seen';
  const found: X509Certificate[] = [];
  for (const [text, type] of blocks) {
    if (type !== 'CERTIFICATE') continue;
    try {
      found.push(new X509Certificate(text));
    } catch {
      failure = 'failed to parse certificate: x509: malformed certificate';
    }
  }
  if (found.length === 0) throw new Error(`unable to load root certificates: ${failure}`);
  return found;
}

let system: X509Certificate[] | undefined;

/** The roots that hold without a bundle. */
export function systemRoots(): X509Certificate[] {
  system ??= getCACertificates('default').map((pem) => new X509Certificate(pem));
  return system;
}

/** Names of one type in the subjectAltName text: `DNS:a, IP Address:127.0.0.1`. */
function alternativeNames(certificate: X509Certificate, type: string): string[] {
  const entries = (certificate.subjectAltName ?? '').split(', ');
  return entries.filter((entry) => entry.startsWith(`${type}:`)).map((entry) => entry.slice(type.length + 1));
}

function attribute(name: string, type: string): string | undefined {
  return name
    .split('\n')
    .find((line) => line.startsWith(`${type}=`))
    ?.slice(type.length + 1);
}

function matchesPattern(pattern: string, host: string): boolean {
  const [first, ...rest] = pattern.toLowerCase().replace(/\.$/, '').split('.');
  const [hostFirst, ...hostRest] = host.toLowerCase().replace(/\.$/, '').split('.');
  return (first === hostFirst || (first === '*' && rest.length > 0)) && rest.join('.') === hostRest.join('.');
}

function nameError(certificate: X509Certificate, host: string): string | undefined {
  const ip = isIP(host) !== 0;
  const names = alternativeNames(certificate, ip ? 'IP Address' : 'DNS');
  if (ip ? certificate.checkIP(host) !== undefined : names.some((name) => matchesPattern(name, host))) return undefined;
  const commonName = attribute(certificate.subject, 'CN');
  if (!certificate.subjectAltName && commonName !== undefined && matchesPattern(commonName, host))
    return 'x509: certificate relies on legacy Common Name field, use SANs instead';
  if (ip && names.length === 0)
    return `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  if (names.length === 0) return `x509: certificate is not valid for any names, but wanted to match ${host}`;
  return `x509: certificate is valid for ${names.join(', ')}, not ${host}`;
}

function timeError(certificate: X509Certificate, now: Date): string | undefined {
  const text = (instant: Date): string => instant.toISOString().replace(/\.\d+Z$/, 'Z');
  const limit = (relation: string, at: Date): string =>
    `x509: certificate has expired or is not yet valid: current time ${text(now)} is ${relation} ${text(at)}`;
  if (now < certificate.validFromDate) return limit('before', certificate.validFromDate);
  if (now > certificate.validToDate) return limit('after', certificate.validToDate);
  return undefined;
}

function signatureError(certificate: X509Certificate, parent: X509Certificate): string | undefined {
  if (!parent.ca) return 'x509: invalid signature: parent certificate cannot sign this kind of certificate';
  if (certificate.verify(parent.publicKey)) return undefined;
  const kind = parent.publicKey.asymmetricKeyType;
  if (kind === 'rsa') return 'crypto/rsa: verification error';
  return kind === 'ec' ? 'x509: ECDSA verification failure' : 'x509: Ed25519 verification failure';
}

interface Search {
  roots: X509Certificate[];
  intermediates: X509Certificate[];
  now: Date;
}

/** Why no chain leads from the certificate to a root; undefined when one does. */
function chainError(certificate: X509Certificate, chain: X509Certificate[], search: Search): string | undefined {
  let failure: string | undefined;
  let hint: string | undefined;
  const candidates = [
    ...search.roots.map((parent) => ({ parent, root: true })),
    ...search.intermediates.map((parent) => ({ parent, root: false })),
  ];
  for (const { parent, root } of candidates) {
    if (parent.subject !== certificate.issuer || chain.some((each) => each.raw.equals(parent.raw))) continue;
    const unsigned = signatureError(certificate, parent);
    const untimely = unsigned === undefined ? timeError(parent, search.now) : undefined;
    if (unsigned !== undefined || untimely !== undefined) {
      const name =
        attribute(parent.subject, 'CN') ??
        attribute(parent.subject, 'O') ??
        `serial:${BigInt(`0x${parent.serialNumber}`)}`;
      hint ??= ` (possibly because of ${JSON.stringify(unsigned ?? untimely)} while trying to verify candidate authority certificate ${JSON.stringify(name)})`;
      failure = untimely ?? failure;
      continue;
    }
    if (root) return undefined;
    failure = chainError(parent, [...chain, parent], search);
    if (failure === undefined) return undefined;
  }
  return failure ?? `${UNKNOWN_AUTHORITY}${hint ?? ''}`;
}

/**
 * Why Go's TLS client refuses the server's certificates (leaf first), or undefined. A leaf that is itself among the roots needs no
 * authority.
 */
export function verifyServer(
  chain: X509Certificate[],
  roots: X509Certificate[],
  host: string,
  now: Date,
): string | undefined {
  const [leaf, ...intermediates] = chain;
  if (leaf === undefined) return 'tls: no certificates configured';
  const early = timeError(leaf, now) ?? nameError(leaf, host);
  if (early !== undefined) return early;
  if (!roots.some((root) => root.raw.equals(leaf.raw))) {
    const failure = chainError(leaf, [leaf], { roots, intermediates, now });
    if (failure !== undefined) return failure;
  }
  const usages = leaf.keyUsage as string[] | undefined;
  if (usages && !usages.includes(SERVER_AUTH) && !usages.includes('2.5.29.37.0'))
    return 'x509: certificate specifies an incompatible key usage';
  return undefined;
}
