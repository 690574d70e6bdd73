import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { alternativeNames, subjectAttributes, type Identity } from './identity.ts';
import { publicKeyPem } from './keys.ts';
import { signNatively } from './signature.ts';

/**
 * Builds a PKCS#10 certificate signing request (PEM, LF) for a serving certificate: subject, SANs, key usages
 * digitalSignature and keyEncipherment, extended key usage serverAuth.
 *
 * The same key and identity always give the same bytes (the RSA signature has no randomness). So the request never has
 * to be stored: who holds the key can rebuild it and compare it, byte by byte, with what the API server holds.
 */
export async function createRequest(key: KeyObject, identity: Identity): Promise<string> {
  const request = forge.pki.createCertificationRequest();
  request.publicKey = forge.pki.publicKeyFromPem(publicKeyPem(key));
  request.setSubject(subjectAttributes(identity));
  request.setAttributes([
    {
      name: 'extensionRequest',
      extensions: [
        { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true },
        alternativeNames(identity),
      ],
    },
  ]);
  await signNatively(request, key, (built) => built.certificationRequestInfo);
  return forge.pki.certificationRequestToPem(request).replaceAll('\r\n', '\n');
}
