/** A certificate as it is compared: by what a client would check, not by its key, serial number and dates. */

import { X509Certificate } from 'node:crypto';

const USAGES = new Map([
  ['1.3.6.1.5.5.7.3.1', 'server auth'],
  ['1.3.6.1.5.5.7.3.2', 'client auth'],
  ['1.3.6.1.5.5.7.3.3', 'code signing'],
]);

/** Takes PEM, or PEM in base64 as in `status.certificate`. Throws when it is no certificate. */
export const describeCertificate = (text: string): object => {
  const certificate = new X509Certificate(text.includes('-----BEGIN') ? text : Buffer.from(text, 'base64'));
  return {
    '<certificate>': {
      subject: (certificate.subject ?? '').split('\n').sort(),
      subjectAltName: (certificate.subjectAltName ?? '').split(', ').filter(Boolean).sort(),
      extendedKeyUsage: (certificate.keyUsage ?? []).map((oid) => USAGES.get(oid) ?? oid).sort(),
      isCA: certificate.ca,
      issuerPresent: Boolean(certificate.issuer),
    },
  };
};
