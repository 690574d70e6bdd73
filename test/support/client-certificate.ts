/** Certificates of clients, which the operator itself never makes. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import forge from 'node-forge';
import type { Authority } from '../../src/pki/authority.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';

export interface ClientCertificate {
  cert: string;
  key: string;
}

/** A certificate for a client, from an hour ago until `notAfter`. */
export async function issueClient(
  { certificate: issuer, key: issuerKey }: Authority,
  { commonName, dnsNames = [], notAfter }: { commonName: string; dnsNames?: string[]; notAfter: Date },
): Promise<ClientCertificate> {
  const key = await generatePrivateKey(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(
    createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'pem' }).toString(),
  );
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(Date.now() - 3_600_000);
  certificate.validity.notAfter = notAfter;
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  certificate.setIssuer(forge.pki.certificateFromPem(issuer).subject.attributes);
  certificate.setExtensions([
    { name: 'keyUsage', critical: true, digitalSignature: true },
    { name: 'extKeyUsage', clientAuth: true },
    ...(dnsNames.length > 0
      ? [{ name: 'subjectAltName', altNames: dnsNames.map((value) => ({ type: 2, value })) }]
      : []),
  ]);
  certificate.sign(forge.pki.privateKeyFromPem(issuerKey), forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}
