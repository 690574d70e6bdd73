/** With --client-ca-file only the API server is answered, by whatever it shows, while anybody may see what is served. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { ClientAuthority } from '../../src/admission/clients.ts';
import { createAuthority, issueServing, type Authority } from '../../src/pki/authority.ts';
import { handshakeFailure } from '../../src/pki/handshake.ts';
import { createPrivateKey } from 'node:crypto';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { issueClient, type ClientCertificate } from '../support/client-certificate.ts';
import { until } from '../support/until.ts';
import { reviewBytes } from '../testdata/samples.ts';
import { SERVER_NAME, call, newIdentity, startAdmission, type Fixture, type Identity } from './admission-fixture.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'client-ca-'));
const file = path.join(directory, 'ca.crt');
const following = new AbortController();
const HOUR_MS = 3_600_000;
const soon = (): Date => new Date(Date.now() + HOUR_MS);
const newAuthority = (): Promise<Authority> =>
  createAuthority({ name: 'clients', now: new Date(), lifetimeSeconds: 7200, keySize: 2048 });

let identity: Identity;
let authority: Authority;
let server: ClientCertificate;
let clients: ClientAuthority;
let fixture: Fixture;

before(async () => {
  identity = await newIdentity();
  authority = await newAuthority();
  server = await issueClient(authority, { commonName: 'kube-apiserver', notAfter: soon() });
  writeFileSync(file, authority.certificate);
  const names = ['kube-apiserver', 'apiserver.example.com'];
  const { key, cert } = identity;
  fixture = await startAdmission(identity, {
    clients: { refusal: (socket) => clients.refusal(socket) },
    secureContext: () => createSecureContext({ key, cert, ca: clients.certificates }),
  });
  const log = { ...console, child: () => log, info: () => {}, warn: (text: string) => warnings.push(text) };
  clients = await ClientAuthority.read({ file, names, log, everyMs: 20 });
  void clients.run(following.signal);
});
const warnings: string[] = [];
after(async () => {
  following.abort();
  await fixture.server.drain(AbortSignal.abort());
  rmSync(directory, { recursive: true });
});

const post = (shown: Partial<ClientCertificate>, more: object = {}): ReturnType<typeof call> =>
  call(fixture.port, identity.ca, { body: reviewBytes('optin-true'), agent: new Agent(), ...shown, ...more });

const refused = async (why: RegExp, ...options: Parameters<typeof post>): Promise<void> => {
  const { status, headers, body } = await post(...options);
  assert.equal(status, 401, body);
  assert.match(body, why);
  assert.equal(headers.connection, 'close');
  assert.ok(!body.includes('patch'));
};

test('the API server is answered, by its common name or a DNS name', async () => {
  assert.equal((await post(server)).status, 200);
  const other = { commonName: 'other', dnsNames: ['apiserver.example.com'], notAfter: soon() };
  assert.equal((await post(await issueClient(authority, other))).status, 200);
});

test('nobody else is, on any path', async () => {
  await refused(/the client shows no certificate/, {});
  await refused(/the client shows no certificate/, {}, { path: '/anything', method: 'GET', body: '' });
  const notAfter = soon();
  const named = { commonName: 'kube-apiserver', notAfter };
  await refused(/does not verify/, await issueClient(await newAuthority(), named));
  await refused(/does not verify/, await issueClient(authority, { ...named, notAfter: new Date(Date.now() - 1000) }));
  await refused(/the client is \\"somebody\\"/, await issueClient(authority, { commonName: 'somebody', notAfter }));
  const wildcard = { commonName: 'x', dnsNames: ['*.example.com'], notAfter };
  await refused(/--client-names does not have/, await issueClient(authority, wildcard));
  assert.equal((await post(server)).status, 200);
});

test('a certificate for servers does not make a client', async () => {
  const key = await generatePrivateKey(2048);
  const names = { commonName: 'kube-apiserver', dnsNames: ['kube-apiserver'], ipAddresses: [] };
  const now = new Date();
  const publicKey = createPrivateKey(key);
  const cert = await issueServing({ authority, publicKey, identity: names, now, lifetimeSeconds: 3600 });
  await refused(/does not verify: .*purpose/i, { cert, key });
});

test('replicas may see what is served without a certificate, with either version of TLS', async () => {
  const target = { host: '127.0.0.1', port: fixture.port, servername: SERVER_NAME };
  assert.equal(await handshakeFailure(target, identity.ca, 5000), undefined);
  await refused(/shows no certificate/, {}, { maxVersion: 'TLSv1.2' });
});

test('no session is resumed, so every connection is judged anew', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const agent = new Agent({ maxVersion });
    const answered: boolean[] = [];
    for (let time = 0; time < 2; time += 1) {
      const { status } = await post(server, { agent, maxVersion });
      answered.push(status === 200);
    }
    assert.deepEqual(answered, [true, true], 'a resumed one would be refused');
  }
});

test('a connection does not outlive the certificate of its client', () => {
  const certificate = { validToDate: new Date(5000), toLegacyObject: () => ({ subject: { CN: 'kube-apiserver' } }) };
  const connection = {
    authorized: true,
    isSessionReused: () => false,
    getPeerX509Certificate: () => certificate,
  } as unknown as Parameters<ClientAuthority['refusalOf']>[0];
  assert.equal(clients.refusalOf(connection, 4000), undefined);
  assert.match(clients.refusalOf(connection, 5001) ?? '', /expired/);
});

test('the file is read again; what cannot be read changes nothing', async () => {
  writeFileSync(file, 'no certificates');
  await until('somebody is told', () => warnings.length === 1);
  assert.equal((await post(server)).status, 200);
  const next = await newAuthority();
  const renewed = await issueClient(next, { commonName: 'kube-apiserver', notAfter: soon() });
  await refused(/does not verify/, renewed);
  writeFileSync(file, authority.certificate + next.certificate);
  await until('the new authority counts', async () => (await post(renewed)).status === 200);
  assert.equal((await post(server)).status, 200);
  writeFileSync(file, next.certificate);
  await until('the old one counts no more', async () => (await post(server)).status === 401);
});

test('an operator with a file that it cannot read does not start', async () => {
  const wrong = { file: path.join(directory, 'missing'), names: [], log: { ...console, child: () => wrong.log } };
  await assert.rejects(ClientAuthority.read(wrong), /ENOENT/);
});
