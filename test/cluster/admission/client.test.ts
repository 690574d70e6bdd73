import assert from 'node:assert/strict';
import { createServer as createPlainServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { after, before, test } from 'node:test';
import { createAuthority, createIdentity } from '../identity.ts';
import type { Identity } from '../identity.ts';
import { Store } from '../storage/store.ts';
import { WebhookClients } from './client.ts';
import { serviceResolver } from './services.ts';
import type { ClientConfig } from './webhooks.ts';

const HOUR = 3_600_000;
const now = new Date();
const NAME = 'hook.team.svc';
const authority = createAuthority('hooks', now);
const store = new Store();
const clients = new WebhookClients(serviceResolver(store));
const servers: Server[] = [];
const REVIEW = JSON.stringify({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  response: { uid: 'u', allowed: true },
});
let connections = 0;

const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
const identity = (by = authority, names = [NAME], at = now): Identity =>
  createIdentity(by, { commonName: NAME, dnsNames: names, usage: 'server auth' }, at);

function start(server: Server): Promise<number> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function serve(
  { certificate, key }: Identity,
  answer: RequestListener = (_, response) => response.end(REVIEW),
): Promise<number> {
  return start(createServer({ cert: certificate, key }, answer).on('secureConnection', () => connections++));
}

function service(name: string, targetPort: number | string, spec: object = {}): void {
  const ports = [{ port: 443, targetPort }];
  const given = { type: 'ClusterIP', clusterIP: '10.96.0.9', selector: { app: name }, ports, ...spec };
  store.create('services', { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'team' }, spec: given });
}

function pod(name: string, port: number, ready = 'True'): void {
  const status = { podIP: '127.0.0.1', conditions: [{ type: 'Ready', status: ready }] };
  const spec = { containers: [{ name: 'c', ports: [{ name: 'https', containerPort: port }] }] };
  const metadata = { name, namespace: 'team', labels: { app: name } };
  store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec, status });
}

/** The outcome of a call: 'ok' or the error, without what differs between runs. */
async function call(config: ClientConfig, seconds = 10, by = clients): Promise<string> {
  try {
    await by.call(by.target(config), { request: {} }, Date.now() + seconds * 1000);
    return 'ok';
  } catch (error) {
    return (error as Error).message
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
      .replaceAll(/\d{4}-[\d-]+T[\d:]+Z/g, 'TIME');
  }
}

async function callServer(port: number, caBundle: string, seconds?: number): Promise<string> {
  const hook = new WebhookClients(() => ({ host: '127.0.0.1', port, shown: `127.0.0.1:${port}` }));
  try {
    const config = { service: { namespace: 'team', name: 'hook', port: 443 }, caBundle: base64(caBundle) };
    await hook.call(hook.target(config), { request: {} }, Date.now() + (seconds ?? 10) * 1000);
    return 'ok';
  } catch (error) {
    const text = (error as Error).message.replace(`Post "https://${NAME}:443/?timeout=${seconds ?? 10}s": `, 'POST ');
    return text.replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS').replaceAll(/\d{4}-[\d-]+T[\d:]+Z/g, 'TIME');
  } finally {
    hook.close();
  }
}

before(async () => {
  const port = await serve(identity());
  service('hook', 'https');
  pod('hook', port);
});

after(() => {
  clients.close();
  for (const server of servers) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    server.close();
  }
});

test('a Service leads to a ready pod by the name of its port, over one kept connection', async () => {
  const config = {
    service: { namespace: 'team', name: 'hook', port: 443, path: '/x' },
    caBundle: base64(authority.certificate),
  };
  connections = 0;
  for (let count = 0; count < 3; count++) assert.equal(await call(config), 'ok');
  assert.equal(connections, 1);
  const other = {
    ...config,
    caBundle: base64(`${authority.certificate}\n${createAuthority('more', now).certificate}`),
  };
  assert.equal(await call(other), 'ok');
  assert.equal(connections, 2, 'another bundle means another client');
});

test('connections that are closed after each answer are not used twice', async () => {
  const closing = new WebhookClients(serviceResolver(store), { closeConnections: true });
  const config = { service: { namespace: 'team', name: 'hook', port: 443 }, caBundle: base64(authority.certificate) };
  connections = 0;
  for (let count = 0; count < 3; count++) assert.equal(await call(config, 10, closing), 'ok');
  assert.equal(connections, 3);
  closing.close();
});

test('Services that lead nowhere say why', async () => {
  service('headless', 1, { clusterIP: 'None' });
  service('empty', 1);
  service('unready', 1);
  pod('unready', 1, 'False');
  const cases: Record<string, string> = {
    missing: 'service "missing" not found',
    headless: 'cannot route to service with ClusterIP "None"',
    empty: 'dial tcp 10.96.0.9:443: connect: connection refused',
    unready: 'dial tcp 10.96.0.9:443: connect: connection refused',
  };
  const caBundle = base64(authority.certificate);
  for (const [name, expected] of Object.entries(cases)) {
    const answer = await call({ service: { namespace: 'team', name, port: 443 }, caBundle });
    assert.equal(answer, `Post "https://${name}.team.svc:443/?timeout=10s": ${expected}`);
  }
  const wrongPort = await call({ service: { namespace: 'team', name: 'hook', port: 8443 }, caBundle });
  assert.match(wrongPort, /no service port 8443 found for service "hook"$/);
});

test('certificates are judged as Go judges them', async () => {
  const old = new Date(now.getTime() - 400 * 24 * HOUR);
  const late = new Date(now.getTime() + 48 * HOUR);
  const same = createAuthority('hooks', now);
  const leaf = identity();
  const refused = (text: string): string => `POST tls: failed to verify certificate: x509: ${text}`;
  const cases: [Identity, string, string][] = [
    [leaf, authority.certificate, 'ok'],
    [leaf, leaf.certificate, 'ok'],
    [leaf, `${createAuthority('x', now).certificate}${authority.certificate}`, 'ok'],
    [leaf, createAuthority('x', now).certificate, refused('certificate signed by unknown authority')],
    [
      leaf,
      same.certificate,
      refused(
        'certificate signed by unknown authority (possibly because of "x509: ECDSA verification failure" while trying to verify candidate authority certificate "hooks")',
      ),
    ],
    [identity(authority, ['a', 'b.c']), authority.certificate, refused(`certificate is valid for a, b.c, not ${NAME}`)],
    [
      identity(authority, []),
      authority.certificate,
      refused('certificate relies on legacy Common Name field, use SANs instead'),
    ],
    [
      identity(authority, [NAME], old),
      authority.certificate,
      refused('certificate has expired or is not yet valid: current time TIME is after TIME'),
    ],
    [
      identity(authority, [NAME], late),
      authority.certificate,
      refused('certificate has expired or is not yet valid: current time TIME is before TIME'),
    ],
    [identity(authority, ['*.team.svc']), authority.certificate, 'ok'],
  ];
  for (const [served, bundle, expected] of cases) assert.equal(await callServer(await serve(served), bundle), expected);
  const client = createIdentity(authority, { commonName: NAME, dnsNames: [NAME], usage: 'client auth' }, now);
  assert.equal(
    await callServer(await serve(client), authority.certificate),
    refused('certificate specifies an incompatible key usage'),
  );
});

test('a server is told that its certificate is refused', async () => {
  const told = Promise.withResolvers<unknown>();
  const { certificate, key } = identity();
  const server = createServer({ cert: certificate, key }).on('tlsClientError', (error, socket) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code.endsWith('ALERT_BAD_CERTIFICATE')) told.resolve(socket.servername);
  });
  const port = await start(server);
  assert.match(await callServer(port, createAuthority('another', now).certificate), /unknown authority/);
  assert.equal(await told.promise, NAME);
});

test('a bundle without a certificate makes no client; a broken block beside a good one is skipped', async () => {
  assert.throws(() => clients.target({ url: 'https://x/', caBundle: base64('junk') }), {
    message: 'unable to load root certificates: unable to parse bytes as PEM block',
  });
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  assert.equal(await callServer(await serve(identity()), broken + authority.certificate), 'ok');
});

test('servers that misbehave are described in the words of Go', async () => {
  const bundle = authority.certificate;
  const plain = await start(createPlainServer((_, response) => response.end('hello')));
  assert.equal(await callServer(plain, bundle), 'POST http: server gave HTTP response to HTTPS client');
  const hangUp = await start(createTcpServer((socket) => socket.end()));
  assert.equal(await callServer(hangUp, bundle), 'POST EOF');
  const dropped = await serve(identity(), (request) => request.socket.destroy());
  assert.equal(await callServer(dropped, bundle), 'POST EOF');
  const silent = await serve(identity(), () => {});
  assert.equal(await callServer(silent, bundle, 1), 'POST context deadline exceeded');
  const cut = await serve(identity(), (request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{', () => request.socket.destroy());
  });
  const broken = 'unexpected error when reading response body. Please retry. Original error: unexpected EOF';
  assert.equal(await callServer(cut, bundle), broken);
  const { certificate: cert, key } = identity();
  const mutual = await start(createServer({ cert, key, requestCert: true, rejectUnauthorized: true, ca: bundle }));
  assert.equal(await callServer(mutual, bundle), 'POST remote error: tls: certificate required');
  const statuses: Record<number, string> = {
    401: 'the server has asked for the client to provide credentials',
    404: 'the server could not find the requested resource',
    413: 'the server responded with the status code 413 but did not return more information',
    500: 'an error on the server ("oops") has prevented the request from succeeding',
    503: 'the server is currently unable to handle the request',
  };
  for (const [code, text] of Object.entries(statuses)) {
    const port = await serve(identity(), (_, response) =>
      response.writeHead(Number(code), { 'content-type': 'text/plain' }).end('oops'),
    );
    assert.equal(await callServer(port, bundle), text);
  }
  const html = await serve(identity(), (_, response) => response.end('<html>'));
  assert.equal(
    await callServer(html, bundle),
    "couldn't get version/kind; json parse error: invalid character '<' looking for beginning of value",
  );
});

test('answers with Retry-After are asked again, at most ten times', async () => {
  let asked = 0;
  const until =
    (limit: number): RequestListener =>
    (_, response) => {
      asked++;
      if (asked <= limit) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end(REVIEW);
    };
  assert.equal(await callServer(await serve(identity(), until(10)), authority.certificate), 'ok');
  asked = 0;
  const answer = await callServer(await serve(identity(), until(11)), authority.certificate);
  assert.equal(answer, 'the server is currently unable to handle the request');
  assert.equal(asked, 11);
});
