/**
 * Signs requests as kube-controller-manager does: pkg/controller/certificates/authority/{authority,policies}.go
 * (PermissiveSigningPolicy with five minutes of backdating, lifetimes under eight hours are "short").
 */
import { createPrivateKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import {
  bitList,
  BIT_STRING,
  children,
  encode,
  INTEGER,
  OCTET_STRING,
  oid,
  oidText,
  only,
  SEQUENCE,
  time,
} from './der.ts';
import { toPem } from './pem.ts';
import type { CertificateRequest } from './request.ts';

export interface SigningAuthority {
  /** PEM. */
  certificate: string;
  key: string;
}

const MINUTE = 60_000;
const BACKDATE_MS = 5 * MINUTE;
const SHORT_MS = 8 * 60 * MINUTE;

/** Bit positions of the key usage extension. */
const KEY_USAGES: Record<string, number> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
};
const EXTENDED_KEY_USAGES: Record<string, string> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

/** spec.usages that the API knows, in its order. */
export const USAGES = [...new Set([...Object.keys(KEY_USAGES), ...Object.keys(EXTENDED_KEY_USAGES)])].toSorted();

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [Buffer.from([0x01, 0x01, 0xff])] : [];
  return encode(SEQUENCE, oid(id), ...flag, encode(OCTET_STRING, value));
}

/** Subject and subject key identifier of the issuer, as DER. */
function issuerParts(certificate: X509Certificate): { subject: Buffer; keyIdentifier: Buffer | undefined } {
  const [body] = children(only(certificate.raw), SEQUENCE);
  const fields = children(body, SEQUENCE);
  const hasVersion = fields[0]?.tag === 0xa0;
  const subject = fields[hasVersion ? 5 : 4];
  const list = fields.find(({ tag }) => tag === 0xa3);
  const extensions = list ? children(only(list.content), SEQUENCE).map((item) => children(item, SEQUENCE)) : [];
  const identifier = extensions.find(([id]) => id && oidText(id.content) === '2.5.29.14')?.at(-1);
  return { subject: subject?.raw ?? Buffer.alloc(0), keyIdentifier: identifier && only(identifier.content).content };
}

function extensions(request: CertificateRequest, usages: string[], keyIdentifier: Buffer | undefined): Buffer[] {
  const bits = usages.flatMap((usage) => (Object.hasOwn(KEY_USAGES, usage) ? [KEY_USAGES[usage] ?? 0] : []));
  const extended = usages.flatMap((usage) =>
    Object.hasOwn(EXTENDED_KEY_USAGES, usage) ? [EXTENDED_KEY_USAGES[usage] ?? ''] : [],
  );
  const names = request.alternativeNames.map(({ raw }) => raw);
  const subjectIsEmpty = request.subject.length === 2;
  return [
    ...(bits.length > 0 ? [extension('2.5.29.15', bitList(bits), true)] : []),
    ...(extended.length > 0 ? [extension('2.5.29.37', encode(SEQUENCE, ...[...new Set(extended)].map(oid)))] : []),
    extension('2.5.29.19', encode(SEQUENCE), true),
    ...(keyIdentifier ? [extension('2.5.29.35', encode(SEQUENCE, encode(0x80, keyIdentifier)))] : []),
    ...(names.length > 0 ? [extension('2.5.29.17', encode(SEQUENCE, ...names), subjectIsEmpty)] : []),
  ];
}

/**
 * A certificate for the request, as PEM. `lifetimeMs` counts from `now`.
 * Throws when the authority itself has expired.
 */
export function signRequest(
  authority: SigningAuthority,
  request: CertificateRequest,
  { usages, lifetimeMs, now }: { usages: string[]; lifetimeMs: number; now: Date },
): string {
  const issuer = new X509Certificate(authority.certificate);
  const authorityEnd = issuer.validToDate.getTime();
  if (now.getTime() >= authorityEnd)
    throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${issuer.validTo}`);
  const notBefore = now.getTime() - BACKDATE_MS;
  const end = now.getTime() + lifetimeMs - (lifetimeMs < SHORT_MS ? 0 : BACKDATE_MS);
  const validity = encode(SEQUENCE, time(new Date(notBefore)), time(new Date(Math.min(end, authorityEnd))));
  const key = createPrivateKey(authority.key);
  const isRsa = key.asymmetricKeyType === 'rsa';
  const algorithm = isRsa
    ? encode(SEQUENCE, oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]))
    : encode(SEQUENCE, oid('1.2.840.10045.4.3.2'));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const { subject, keyIdentifier } = issuerParts(issuer);
  const body = encode(
    SEQUENCE,
    encode(0xa0, encode(INTEGER, Buffer.from([2]))),
    encode(INTEGER, serial),
    algorithm,
    subject,
    validity,
    request.subject,
    request.publicKeyInfo,
    encode(0xa3, encode(SEQUENCE, ...extensions(request, usages, keyIdentifier))),
  );
  const signature = encode(BIT_STRING, Buffer.from([0]), sign('sha256', body, key));
  return toPem('CERTIFICATE', encode(SEQUENCE, body, algorithm, signature));
}
