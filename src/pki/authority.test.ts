import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import forge from 'node-forge';
import { createAuthority, issueServing } from './authority.ts';
import { ACCEPTANCE, firstFailure, type Candidate } from './checks.ts';
import type { Identity } from './identity.ts';
import { alternativeNamesOf, chainFailure, isForServers, isSelfSigned, parseCertificates, toPem } from './inspect.ts';
import { generatePrivateKey } from './keys.ts';
import { createRequest } from './requests.ts';

const DAY = 86_400;
const now = new Date('2026-11-23T00:00:00Z');
const identity: Identity = {
  commonName: 'system:node:nginx.ns.svc',
  organization: 'system:nodes',
  dnsNames: ['nginx.ns.svc', 'nginx.ns.svc.cluster.local'],
  ipAddresses: ['127.0.0.1'],
};
const authority = await createAuthority({ name: 'test CA', now, lifetimeSeconds: 365 * DAY, keySize: 2048 });
const other = await createAuthority({ name: 'test CA', now, lifetimeSeconds: 365 * DAY, keySize: 2048 });
const keyPem = await generatePrivateKey(2048);
const publicKey = createPublicKey(keyPem);

async function issue(change: { identity?: Identity; lifetimeSeconds?: number } = {}): Promise<X509Certificate> {
  return new X509Certificate(
    await issueServing({ authority, publicKey, identity, now, lifetimeSeconds: 90 * DAY, ...change }),
  );
}

const leaf = await issue();
const anchor = new X509Certificate(authority.certificate);

function candidate(change: Partial<Candidate> = {}): Candidate {
  const chain = change.chain ?? [leaf];
  return {
    chain,
    leaf: chain[0] ?? leaf,
    keyPem,
    dnsNames: identity.dnsNames,
    ipAddresses: identity.ipAddresses,
    anchors: [anchor],
    now,
    minimumRemainingSeconds: 600,
    ...change,
  };
}

test('an authority is a self-signed CA whose name no other authority has', () => {
  assert.equal(anchor.ca, true);
  assert.equal(isSelfSigned(anchor), true);
  assert.notEqual(anchor.subject, new X509Certificate(other.certificate).subject);
});

test('a leaf carries the names, the server usage, a long positive serial number and a backdated start', () => {
  assert.deepEqual(alternativeNamesOf(leaf), { dnsNames: [...identity.dnsNames], ipAddresses: ['127.0.0.1'] });
  assert.equal(isForServers(leaf), true);
  assert.match(leaf.serialNumber, /^[4-7][0-9A-F]{31}$/);
  assert.ok(leaf.validFromDate < now);
  assert.equal(leaf.ca, false);
});

test('where clocks differ, certificates are valid at once for whoever is behind', async () => {
  const skewMs = -2 * 3_600_000;
  const late = await createAuthority({ name: 'late', now, lifetimeSeconds: 86_400, keySize: 2048, skewMs });
  const behind = new Date(now.getTime() + skewMs);
  const pem = await issueServing({ authority: late, publicKey, identity, now, lifetimeSeconds: 3600, skewMs });
  assert.equal(chainFailure([new X509Certificate(pem)], [new X509Certificate(late.certificate)], behind), undefined);
});

test('two leaves have different serial numbers', async () => {
  assert.notEqual((await issue()).serialNumber, leaf.serialNumber);
});

test('a leaf never outlives its authority', async () => {
  const long = await issue({ lifetimeSeconds: 1000 * DAY });
  assert.equal(long.validToDate.getTime(), anchor.validToDate.getTime());
});

test('a chain verifies only against its own authority, a pinned leaf against itself', () => {
  assert.equal(chainFailure([leaf], [anchor], now), undefined);
  assert.equal(chainFailure([leaf], [leaf], now), undefined);
  assert.match(chainFailure([leaf], [new X509Certificate(other.certificate)], now) ?? '', /unknown authority/);
  assert.match(chainFailure([leaf], [], now) ?? '', /unknown authority/);
});

test('an expired authority above a valid leaf is refused', () => {
  assert.match(chainFailure([leaf], [anchor], new Date(anchor.validToDate.getTime() + 1000)) ?? '', /expired/);
});

test('a chain verifies through its intermediate, and not without it', async () => {
  const bits = forge.pki.rsa.generateKeyPair(2048);
  const intermediate = forge.pki.createCertificate();
  const root = forge.pki.createCertificate();
  const rootBits = forge.pki.rsa.generateKeyPair(2048);
  const authorities = [
    { certificate: root, keys: rootBits, name: 'root' },
    { certificate: intermediate, keys: bits, name: 'intermediate' },
  ];
  for (const { certificate, keys, name } of authorities) {
    certificate.publicKey = keys.publicKey;
    certificate.serialNumber = '01';
    certificate.validity.notBefore = new Date(now.getTime() - 1000);
    certificate.validity.notAfter = new Date(now.getTime() + 100 * DAY * 1000);
    certificate.setSubject([{ name: 'commonName', value: name }]);
    certificate.setIssuer([{ name: 'commonName', value: 'root' }]);
    certificate.setExtensions([{ name: 'basicConstraints', cA: true }]);
    certificate.sign(rootBits.privateKey, forge.md.sha256.create());
  }
  const pem = forge.pki.certificateToPem(intermediate);
  const signer = { certificate: pem, key: forge.pki.privateKeyToPem(bits.privateKey) };
  const issued = new X509Certificate(
    await issueServing({ authority: signer, publicKey, identity, now, lifetimeSeconds: DAY }),
  );
  const anchors = [new X509Certificate(forge.pki.certificateToPem(root))];
  assert.equal(chainFailure([issued, new X509Certificate(pem)], anchors, now), undefined);
  assert.match(chainFailure([issued], anchors, now) ?? '', /unknown authority "CN=intermediate"/);
  assert.equal(chainFailure([issued], [new X509Certificate(pem)], now), undefined, 'an intermediate may be the anchor');
});

test('a request is the same bytes for the same key and identity, and other bytes for any other', async () => {
  const key = createPrivateKey(keyPem);
  const first = await createRequest(key, identity);
  assert.equal(await createRequest(key, identity), first);
  assert.notEqual(await createRequest(key, { ...identity, dnsNames: ['evil.ns.svc'] }), first);
  assert.match(first, /^-----BEGIN CERTIFICATE REQUEST-----\n/);
  assert.ok(!first.includes('\r'));
});

test('PEM text is normalised whatever surrounds and separates the blocks', () => {
  const messy = `comment\r\n${authority.certificate.replaceAll('\n', '\r\n')}junk\n${other.certificate}`;
  assert.equal(toPem(parseCertificates(messy) ?? []), authority.certificate + other.certificate);
  assert.equal(parseCertificates('nothing here'), undefined);
});

test('a good certificate passes every acceptance check', () => {
  assert.equal(firstFailure(ACCEPTANCE, candidate()), undefined);
});

const foreignLeaf = new X509Certificate(
  await issueServing({ authority: other, publicKey, identity, now, lifetimeSeconds: 90 * DAY }),
);
const refusals: { check: string; change: Partial<Candidate> }[] = [
  { check: 'LeafFirst', change: { chain: [anchor, leaf] } },
  { check: 'KeyMatches', change: { keyPem: await generatePrivateKey(2048) } },
  { check: 'KeyMatches', change: { keyPem: 'no key' } },
  { check: 'NamesCovered', change: { dnsNames: ['elsewhere.ns.svc'] } },
  { check: 'NamesCovered', change: { ipAddresses: ['10.0.0.1'] } },
  { check: 'ValidNow', change: { now: new Date(now.getTime() - DAY * 1000) } },
  { check: 'ValidNow', change: { now: new Date(now.getTime() + 91 * DAY * 1000) } },
  { check: 'LivesLongEnough', change: { minimumRemainingSeconds: 100 * DAY } },
  { check: 'ChainVerifies', change: { chain: [foreignLeaf] } },
];
for (const { check, change } of refusals) {
  test(`acceptance refuses by ${check}: ${Object.keys(change).join()}`, () => {
    assert.equal(firstFailure(ACCEPTANCE, candidate(change))?.check, check);
  });
}

test('acceptance refuses a weak key', async () => {
  const weak = await generatePrivateKey(1024);
  const weakLeaf = new X509Certificate(
    await issueServing({ authority, publicKey: createPublicKey(weak), identity, now, lifetimeSeconds: DAY }),
  );
  assert.equal(firstFailure(ACCEPTANCE, candidate({ chain: [weakLeaf], keyPem: weak }))?.check, 'StrongKey');
});
