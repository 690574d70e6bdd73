import { createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { alternativeNames, subjectAttributes, type Identity } from './identity.ts';
import { generatePrivateKey, publicKeyDigest, publicKeyPem } from './keys.ts';
import { signNatively } from './signature.ts';

/** A certificate authority of our own: certificate and PKCS#8 key, both PEM. */
export interface Authority {
  certificate: string;
  key: string;
}

/** Clocks of nodes differ: a certificate is valid from a little before it was made (reference/certs.md 3.4). */
const LEAF_BACKDATE_MS = 5 * 60_000;
const AUTHORITY_BACKDATE_MS = 60 * 60_000;

/**
 * Makes a new authority: a new key and a name of its own that no other authority has (a verifier that finds two
 * authorities of one name and different keys says "crypto/rsa: verification error").
 * It can sign leaves only (pathLen 0), and nothing but certificates (keyUsage keyCertSign).
 */
export async function createAuthority(options: {
  name: string;
  now: Date;
  lifetimeSeconds: number;
  keySize?: number;
  /** As of issueServing. */
  skewMs?: number;
  signal?: AbortSignal;
}): Promise<Authority> {
  const keyPem = await generatePrivateKey(options.keySize ?? 3072, options.signal);
  const key = createPrivateKey(keyPem);
  const subject = subjectAttributes({
    commonName: `${options.name} ${publicKeyDigest(key).slice(0, 8)}`,
    dnsNames: [],
    ipAddresses: [],
  });
  const certificate = newCertificate(
    key,
    new Date(options.now.getTime() - AUTHORITY_BACKDATE_MS - Math.abs(options.skewMs ?? 0)),
    later(options.now, options.lifetimeSeconds),
  );
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
    { name: 'keyUsage', critical: true, keyCertSign: true },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: true },
  ]);
  return { certificate: await signed(certificate, key), key: keyPem };
}

/**
 * Signs a serving certificate (PEM) for the holder of `publicKey`. It never outlives the authority: a leaf above an
 * expired authority is refused by every verifier, so the rest of its life would be a lie.
 * The caller has compared the request with its own (see createRequest): nothing of a foreign request is copied here.
 */
export async function issueServing(options: {
  authority: Authority;
  publicKey: KeyObject;
  identity: Identity;
  now: Date;
  lifetimeSeconds: number;
  /** How far the clock of those who will verify it is off, where that is known: it is valid for them at once. */
  skewMs?: number;
}): Promise<string> {
  const issuer = forge.pki.certificateFromPem(options.authority.certificate);
  const asked = later(options.now, options.lifetimeSeconds);
  const notAfter = asked < issuer.validity.notAfter ? asked : issuer.validity.notAfter;
  const backdate = LEAF_BACKDATE_MS + Math.abs(options.skewMs ?? 0);
  const certificate = newCertificate(options.publicKey, new Date(options.now.getTime() - backdate), notAfter);
  certificate.setSubject(subjectAttributes(options.identity));
  certificate.setIssuer(issuer.subject.attributes);
  certificate.setExtensions([
    { name: 'basicConstraints', critical: true, cA: false },
    { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
    alternativeNames(options.identity),
  ]);
  return signed(certificate, createPrivateKey(options.authority.key));
}

function later(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function newCertificate(key: KeyObject, notBefore: Date, notAfter: Date): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKeyPem(key));
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = notAfter;
  return certificate;
}

/** 128 random bits; the top bits 01 keep the DER integer positive and of one length (RFC 5280 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function signed(certificate: forge.pki.Certificate, key: KeyObject): Promise<string> {
  await signNatively(certificate, key, (built) => built.tbsCertificate);
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}
