import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import forge from 'node-forge';
import { isOverdue } from './cleaner.ts';
import { asCsr, type CertificateSigningRequest } from './csr.ts';
import { decide } from './signers.ts';
import { validateCsr } from './validate.ts';

const now = new Date('2030-01-01T00:00:00Z');
const DAY_MS = 24 * 3600 * 1000;

function authority(days: number): { certificate: string; key: string } {
  const { publicKey, privateKey } = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = '01';
  certificate.validity.notBefore = new Date(now.getTime() - DAY_MS);
  certificate.validity.notAfter = new Date(now.getTime() + days * DAY_MS);
  const name = [{ name: 'commonName', value: 'test CA' }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions([{ name: 'basicConstraints', cA: true }, { name: 'subjectKeyIdentifier' }]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { certificate: forge.pki.certificateToPem(certificate), key: forge.pki.privateKeyToPem(privateKey) };
}

const keys = forge.pki.rsa.generateKeyPair(2048);

function request(organization: string, commonName: string, dns: string[]): string {
  const csr = forge.pki.createCertificationRequest();
  csr.publicKey = keys.publicKey;
  csr.setSubject([
    { name: 'organizationName', value: organization },
    { name: 'commonName', value: commonName },
  ]);
  const altNames = dns.map((value) => ({ type: 2, value }));
  csr.setAttributes([{ name: 'extensionRequest', extensions: [{ name: 'subjectAltName', altNames }] }]);
  csr.sign(keys.privateKey, forge.md.sha256.create());
  return Buffer.from(forge.pki.certificationRequestToPem(csr)).toString('base64');
}

function approved(spec: Partial<CertificateSigningRequest['spec']>): CertificateSigningRequest {
  return asCsr({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'a' },
    spec: {
      request: request('system:nodes', 'system:node:a', ['a.demo.svc', 'b.example.com']),
      signerName: 'kubernetes.io/kubelet-serving',
      usages: ['digital signature', 'key encipherment', 'server auth'],
      ...spec,
    },
    status: { conditions: [{ type: 'Approved', status: 'True', lastUpdateTime: now.toISOString() }] },
  });
}

const longLived = authority(1000);

test('kubelet-serving: names are copied, and the certificate chains to the cluster authority', () => {
  const { certificate = '' } = decide(approved({}), longLived, now);
  const issued = new X509Certificate(certificate);
  const issuer = new X509Certificate(longLived.certificate);
  assert.equal(issued.subjectAltName, 'DNS:a.demo.svc, DNS:b.example.com');
  assert.ok(issued.checkIssued(issuer) && issued.verify(issuer.publicKey));
  assert.equal(issued.ca, false);
  assert.deepEqual(issued.keyUsage, ['1.3.6.1.5.5.7.3.1']);
});

test('lifetimes: five minutes of backdating, cut to a year and to the authority', () => {
  const span = (expirationSeconds: number | undefined, ca = longLived): number => {
    const spec = expirationSeconds === undefined ? {} : { expirationSeconds };
    const issued = new X509Certificate(decide(approved(spec), ca, now).certificate ?? '');
    return (issued.validToDate.getTime() - issued.validFromDate.getTime()) / 1000;
  };
  assert.equal(span(600), 900);
  assert.equal(span(3600), 3900);
  assert.equal(span(undefined), 365 * 86_400);
  assert.equal(span(2_000_000_000), 365 * 86_400);
  assert.equal(span(undefined, authority(30)), 30 * 86_400 + 300);
});

test('refusals carry the text of kube-controller-manager', () => {
  const failure = (spec: Partial<CertificateSigningRequest['spec']>): string | undefined =>
    decide(approved(spec), longLived, now).failure;
  assert.equal(failure({ request: request('x', 'system:node:a', ['a']) }), 'subject organization is not system:nodes');
  assert.equal(
    failure({ request: request('system:nodes', 'a', ['a']) }),
    'subject common name does not begin with system:node:',
  );
  assert.equal(
    failure({ request: request('system:nodes', 'system:node:a', []) }),
    'DNS or IP subjectAltName is required',
  );
  assert.equal(
    failure({ usages: ['server auth'] }),
    'usages did not match [digital signature key encipherment server auth]',
  );
  assert.equal(
    failure({ signerName: 'kubernetes.io/kube-apiserver-client' }),
    'invalid usage for client certificate: server auth',
  );
});

test('signers leave alone what is not theirs to sign', () => {
  assert.deepEqual(decide(approved({ signerName: 'example.com/mesh' }), longLived, now), {});
  const pending = approved({});
  pending.status.conditions = [];
  assert.deepEqual(decide(pending, longLived, now), {});
});

test('a request whose signature does not fit is invalid', () => {
  const good = approved({});
  assert.deepEqual(validateCsr(good), []);
  const pem = Buffer.from(good.spec.request ?? '', 'base64').toString();
  const [, body = ''] = /REQUEST-----([\s\S]*)-----END/v.exec(pem) ?? [];
  const der = Buffer.from(body, 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  const broken = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  const errors = validateCsr(approved({ request: Buffer.from(broken).toString('base64') }));
  assert.deepEqual(
    errors.map(({ field }) => field),
    ['spec.request'],
  );
});

test('cleaner: decided requests live an hour, undecided ones a day', () => {
  const after = (hours: number): Date => new Date(now.getTime() + hours * 3600_000 + 1000);
  const csr = approved({});
  csr.metadata.creationTimestamp = now.toISOString();
  assert.equal(isOverdue(csr, after(23)), false);
  assert.equal(isOverdue(csr, after(24)), true);
  csr.status.certificate = Buffer.from(decide(csr, longLived, now).certificate ?? '').toString('base64');
  assert.equal(isOverdue(csr, after(0.9)), false);
  assert.equal(isOverdue(csr, after(1)), true);
  csr.status = {};
  assert.equal(isOverdue(csr, after(23)), false);
  assert.equal(isOverdue(csr, after(24)), true);
});
