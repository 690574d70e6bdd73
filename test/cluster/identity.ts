/** The cluster's own certificates: an authority, the server's identity, and clients like the administrator. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signRequest } from './certificates/authority.ts';
import type { SigningAuthority } from './certificates/authority.ts';
import {
  BIT_STRING,
  INTEGER,
  OCTET_STRING,
  SEQUENCE,
  SET,
  bitList,
  elements,
  encode,
  oid,
  time,
} from './certificates/der.ts';
import { toPem } from './certificates/pem.ts';

export interface Identity {
  /** PEM. */
  certificate: string;
  key: string;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const UTF8_STRING = 0x0c;
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

function attribute(type: string, value: string): Buffer {
  return encode(SET, encode(SEQUENCE, oid(type), encode(UTF8_STRING, Buffer.from(value))));
}

function subject(commonName: string, organizations: string[] = []): Buffer {
  return encode(
    SEQUENCE,
    ...organizations.map((name) => attribute(ORGANIZATION, name)),
    attribute(COMMON_NAME, commonName),
  );
}

function newKey(): { publicKey: KeyObject; info: Buffer; pem: string; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const info = publicKey.export({ type: 'spki', format: 'der' });
  return { publicKey, privateKey, info, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return encode(SEQUENCE, oid(id), ...(critical ? [Buffer.from([0x01, 0x01, 0xff])] : []), encode(OCTET_STRING, value));
}

/** A new self-signed authority, valid for ten years. */
export function createAuthority(commonName: string, now: Date): SigningAuthority {
  const { info, pem, privateKey } = newKey();
  const name = subject(commonName);
  const algorithm = encode(SEQUENCE, oid(ECDSA_WITH_SHA256));
  const identifier = createHash('sha1').update(info).digest();
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const extensions = encode(
    SEQUENCE,
    extension('2.5.29.15', bitList([0, 2, 5]), true),
    extension('2.5.29.19', encode(SEQUENCE, Buffer.from([0x01, 0x01, 0xff])), true),
    extension('2.5.29.14', encode(OCTET_STRING, identifier)),
  );
  const body = encode(
    SEQUENCE,
    encode(0xa0, encode(INTEGER, Buffer.from([2]))),
    encode(INTEGER, serial),
    algorithm,
    name,
    encode(SEQUENCE, time(new Date(now.getTime() - 3_600_000)), time(new Date(now.getTime() + 10 * YEAR_MS))),
    name,
    info,
    encode(0xa3, extensions),
  );
  const signature = encode(BIT_STRING, Buffer.from([0]), sign('sha256', body, privateKey));
  return { certificate: toPem('CERTIFICATE', encode(SEQUENCE, body, algorithm, signature)), key: pem };
}

/** A certificate of the authority for a new key, valid for a year. */
export function createIdentity(
  authority: SigningAuthority,
  of: {
    commonName: string;
    organizations?: string[];
    dnsNames?: string[];
    addresses?: Buffer[];
    usage: 'server auth' | 'client auth';
  },
  now: Date,
): Identity {
  const { info, pem, publicKey } = newKey();
  const names = [
    ...(of.dnsNames ?? []).map((name) => encode(0x82, Buffer.from(name))),
    ...(of.addresses ?? []).map((address) => encode(0x87, address)),
  ];
  const request = {
    subject: subject(of.commonName, of.organizations),
    publicKeyInfo: info,
    publicKey,
    commonName: of.commonName,
    organizations: of.organizations ?? [],
    alternativeNames: names.flatMap((name) => elements(name)),
    dnsNames: of.dnsNames ?? [],
    emails: 0,
    ips: of.addresses?.length ?? 0,
    uris: 0,
    signatureIsValid: true,
  };
  const certificate = signRequest(authority, request, {
    usages: ['digital signature', 'key encipherment', of.usage],
    lifetimeMs: YEAR_MS,
    now,
  });
  return { certificate, key: pem };
}
