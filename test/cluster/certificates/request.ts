/** PKCS#10 requests (RFC 2986), read and verified. */
import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { children, elements, encode, oidText, only, OCTET_STRING, SEQUENCE, SET, type Element } from './der.ts';
import { pemBlocks } from './pem.ts';

export interface CertificateRequest {
  /** DER of the subject, the public key and the subject alternative names, to be copied into a certificate. */
  subject: Buffer;
  publicKeyInfo: Buffer;
  publicKey: KeyObject;
  commonName: string;
  organizations: string[];
  /** GeneralName elements that Kubernetes' signers copy, and how many there are of each kind. */
  alternativeNames: Element[];
  dnsNames: string[];
  emails: number;
  ips: number;
  uris: number;
  /** True when the request is signed by its own key. */
  signatureIsValid: boolean;
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
/** GeneralName choices: rfc822Name, dNSName, uniformResourceIdentifier, iPAddress. */
const NAME = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;

const DIGESTS: Record<string, string | null> = {
  '1.2.840.113549.1.1.5': 'sha1',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.1': 'sha1',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};
const RSA_PSS = '1.2.840.113549.1.1.10';

function subjectValues(subject: Element, wanted: string): string[] {
  return children(subject, SEQUENCE)
    .flatMap((set) => children(set, SET))
    .flatMap((attribute) => {
      const [type, value] = children(attribute, SEQUENCE);
      return type && value && oidText(type.content) === wanted ? [value.content.toString('utf8')] : [];
    });
}

/** What Go's pkix.Name keeps of a subject, in its order: country, organizations, units, locality, province, street, code, name, number. */
const NAME_PARTS = [6, 10, 11, 7, 8, 9, 17, 3, 5].map((part) => `2.5.4.${part}`);
const SINGLE = new Set(['2.5.4.3', '2.5.4.5']);

/** A subject as signers write it again (crypto/x509/pkix: Name.ToRDNSequence): equal types share a set. */
function rewritten(subject: Element): Buffer {
  const attributes = children(subject, SEQUENCE).flatMap((set) => children(set, SET));
  const sets = NAME_PARTS.flatMap((part) => {
    const all = attributes.filter((attribute) => {
      const [type] = children(attribute, SEQUENCE);
      return type !== undefined && oidText(type.content) === part;
    });
    const kept = (SINGLE.has(part) ? all.slice(-1) : all).map(({ raw }) => raw).toSorted((a, b) => a.compare(b));
    return kept.length > 0 ? [encode(SET, ...kept)] : [];
  });
  return encode(SEQUENCE, ...sets);
}

function requestedNames(attributes: Element | undefined): Element[] {
  if (attributes === undefined) return [];
  const extensions = elements(attributes.content).flatMap((attribute) => {
    const [type, values] = children(attribute, SEQUENCE);
    if (!type || !values || oidText(type.content) !== EXTENSION_REQUEST) return [];
    return children(values, SET).flatMap((list) => children(list, SEQUENCE));
  });
  return extensions.flatMap((extension) => {
    const [type, ...rest] = children(extension, SEQUENCE);
    const value = rest.find(({ tag }) => tag === OCTET_STRING);
    if (!type || !value || oidText(type.content) !== SUBJECT_ALTERNATIVE_NAME) return [];
    return children(only(value.content), SEQUENCE);
  });
}

function signatureIsValid(signed: Buffer, algorithm: string, key: KeyObject, signature: Buffer): boolean {
  if (algorithm === RSA_PSS) {
    const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    return ['sha256', 'sha384', 'sha512'].some((digest) => verify(digest, signed, pss, signature));
  }
  const digest = Object.hasOwn(DIGESTS, algorithm) ? DIGESTS[algorithm] : undefined;
  return digest !== undefined && verify(digest, signed, key, signature);
}

/** Throws with Kubernetes' text when the PEM is wrong (pkg/apis/certificates/helpers.go ParseCSR), or when the DER does not parse. */
export function parseRequest(pem: string): CertificateRequest {
  const [block] = pemBlocks(pem);
  if (block?.type !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const [info, algorithm, signature] = children(only(block.bytes), SEQUENCE);
  const [, subject, publicKeyInfo, attributes] = children(info, SEQUENCE);
  const [algorithmId] = children(algorithm, SEQUENCE);
  if (!info || !subject || !publicKeyInfo || !signature || !algorithmId)
    throw new Error('asn1: structure error: not a certification request');
  const publicKey = createPublicKey({ key: publicKeyInfo.raw, format: 'der', type: 'spki' });
  const names = requestedNames(attributes);
  const tagged = (tag: number): Element[] => names.filter((name) => name.tag === tag);
  const known: number[] = Object.values(NAME);
  return {
    subject: rewritten(subject),
    publicKeyInfo: publicKeyInfo.raw,
    publicKey,
    commonName: subjectValues(subject, '2.5.4.3').at(-1) ?? '',
    organizations: subjectValues(subject, '2.5.4.10'),
    alternativeNames: names.filter((name) => known.includes(name.tag)),
    dnsNames: tagged(NAME.dns).map((name) => name.content.toString('latin1')),
    emails: tagged(NAME.email).length,
    ips: tagged(NAME.ip).length,
    uris: tagged(NAME.uri).length,
    // The first byte of a BIT STRING counts its unused bits.
    signatureIsValid: signatureIsValid(
      info.raw,
      oidText(algorithmId.content),
      publicKey,
      signature.content.subarray(1),
    ),
  };
}
