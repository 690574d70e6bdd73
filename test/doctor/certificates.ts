/** Certificates that are wrong in one way each. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import forge from 'node-forge';

const DAY_MS = 86_400_000;

export interface WrongCertificate {
  /** DNS names; undefined: no subject alternative name at all. */
  names: readonly string[] | undefined;
  /** Without the address 127.0.0.1, by which a webhook with a URL is reached. */
  elsewhere?: true;
  /** Days from now. */
  from?: number;
  to?: number;
  /** Whose name the issuer has; the signature is always by `keyPem`. */
  issuerPem?: string;
}

/** A serving certificate (PEM) for the key, and signed by it. */
export function certificateOf(
  keyPem: string,
  { names, elsewhere, from = -1, to = 1, issuerPem }: WrongCertificate,
): string {
  const publicPem = createPublicKey(createPrivateKey(keyPem)).export({ type: 'spki', format: 'pem' }).toString();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem);
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() + from * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + to * DAY_MS);
  certificate.setSubject([{ name: 'commonName', value: names?.[0] ?? 'sidecar-injector.example.svc' }]);
  const issuer = issuerPem === undefined ? undefined : forge.pki.certificateFromPem(issuerPem).subject.attributes;
  certificate.setIssuer(issuer ?? [{ name: 'commonName', value: 'a stranger' }]);
  const altNames = [
    ...(names ?? []).map((value) => ({ type: 2, value })),
    { type: 7, ip: elsewhere ? '192.0.2.1' : '127.0.0.1' },
  ];
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false },
    { name: 'extKeyUsage', serverAuth: true },
    ...(names === undefined ? [] : [{ name: 'subjectAltName', altNames }]),
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(keyPem), forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
