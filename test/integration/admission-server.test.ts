import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect as connectTcp, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { type SecureVersion, connect, createSecureContext } from 'node:tls';
import { gzipSync } from 'node:zlib';
import jsonPatch from 'fast-json-patch';
import { at } from '../../src/domain/json.ts';
import { injector, names, pod, requestFor, reviewBytes, reviewRequest } from '../testdata/samples.ts';
import { type Fixture, type Identity, SERVER_NAME, call, newIdentity, startAdmission } from './admission-fixture.ts';

let identity: Identity;
let fixture: Fixture;
const forget = new AbortController();
forget.abort();

before(async () => {
  identity = await newIdentity();
  fixture = await startAdmission(identity, { maxInFlight: 4, bodies: { patienceMs: Infinity } });
});
after(() => fixture.server.drain(forget.signal));

const post = (options: Parameters<typeof call>[2]) => call(fixture.port, identity.ca, options);
const reviewOf = (request: object): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });
const responseOf = (body: string): Record<string, unknown> =>
  (JSON.parse(body) as { response: Record<string, unknown> }).response;

test('the pod of the article comes back with its sidecar', async () => {
  const { status, body, headers } = await post({ body: reviewBytes('optin-true') });
  const request = reviewRequest('optin-true');
  const response = responseOf(body);
  assert.deepEqual([status, response['uid'], response['allowed']], [200, request.uid, true]);
  assert.match(headers['content-type'] ?? '', /^application\/json/);
  const patch = JSON.parse(Buffer.from(String(response['patch']), 'base64').toString()) as jsonPatch.Operation[];
  const { newDocument } = jsonPatch.applyPatch(structuredClone(request.object), patch, true);
  assert.deepEqual(names(newDocument, 'containers'), ['alpine', 'sidecar-nginx']);
  assert.deepEqual(names(newDocument, 'volumes').at(-1), 'nginx-conf');
  assert.equal(at(response, ['auditAnnotations', 'reason']), 'injected');
  assert.equal(fixture.lines.at(-1)?.message, '[mutate][reason=injected][name:test-alpine-inject-01][ns:t1]');
});

test('the pod that says no passes, and the log says why', async () => {
  const { body } = await post({ body: reviewBytes('optin-false') });
  assert.equal(responseOf(body)['allowed'], true);
  assert.equal(responseOf(body)['patch'], undefined);
  assert.equal(
    fixture.lines.at(-1)?.message,
    '[skip_mutation][reason=pod_not_need][name:test-alpine-inject-02][ns:t1]',
  );
  assert.equal(fixture.decided.at(-1)?.reason, 'pod_not_need');
});

test('the patch in the log says where, never what', async () => {
  const secret = { containers: [{ name: 's', env: [{ name: 'TOKEN', value: 'hunter2' }] }] };
  fixture.state.injector = injector({ template: secret });
  await post({ body: reviewBytes('optin-true') });
  fixture.state.injector = injector();
  assert.deepEqual(fixture.lines.at(-1)?.fields['patch'], [
    'add /spec/containers/-',
    'add /metadata/labels/injected.sidecarinjector.dev~1nginx',
    `add ${statusPath}`,
  ]);
  assert.ok(!JSON.stringify(fixture.lines).includes('hunter2'));
});
const statusPath = '/metadata/annotations/sidecar-injector-webhook.nginx.sidecar~1status';

test('a conflict with onConflict Reject is denied in words', async () => {
  fixture.state.injector = injector({ injection: { onConflict: 'Reject' } });
  const clash = pod({ containers: [{ name: 'sidecar-nginx', image: 'theirs' }] });
  const { status, body } = await post({ body: reviewOf(requestFor(clash)) });
  fixture.state.injector = injector();
  assert.equal(status, 200);
  assert.equal(responseOf(body)['allowed'], false);
  assert.match(String(at(responseOf(body), ['status', 'message'])), /the name sidecar-nginx is taken/);
});

test('an injector that is not served changes nothing, and says so', async () => {
  const { status, body } = await post({ path: '/mutate/unknown', body: reviewBytes('optin-true') });
  assert.deepEqual([status, responseOf(body)['allowed'], responseOf(body)['patch']], [200, true, undefined]);
  assert.match(String(responseOf(body)['warnings']), /no SidecarInjector unknown is served here/);
  assert.equal(fixture.decided.at(-1)?.injector, '', 'no metric label of the caller’s making');
});

const BIG = Buffer.alloc(7 * 1024 * 1024 + 1, ' ');
const BAD: Record<string, [options: Parameters<typeof call>[2], status: number]> = {
  'an empty body': [{ body: '' }, 400],
  'not JSON': [{ body: '{"kind":' }, 400],
  'not an AdmissionReview': [{ body: '{"kind":"Pod"}' }, 400],
  'not a Pod': [{ body: reviewOf({ uid: 'u', kind: { group: 'apps', kind: 'Deployment' }, object: {} }) }, 422],
  'over 7 MiB': [{ body: BIG }, 413],
  'over 7 MiB, in chunks': [{ body: BIG, headers: { 'transfer-encoding': 'chunked' } }, 413],
  'too deep': [{ body: '['.repeat(100_000) }, 400],
  'another content type': [{ body: reviewBytes('bare'), headers: { 'content-type': 'text/plain' } }, 415],
  'no content type': [{ body: reviewBytes('bare'), headers: { 'content-type': '' } }, 415],
  'a content encoding': [{ body: gzipSync(reviewBytes('bare')), headers: { 'content-encoding': 'gzip' } }, 415],
  'another path': [{ body: reviewBytes('bare'), path: '/validate' }, 404],
  'a path that cannot be decoded': [{ body: reviewBytes('bare'), path: '/mutate/%zz' }, 400],
  'another method': [{ method: 'GET' }, 405],
  'a header of 20 KiB': [{ body: reviewBytes('bare'), headers: { 'x-long': 'x'.repeat(20_000) } }, 431],
};

for (const [what, [options, status]] of Object.entries(BAD)) {
  test(`refused with ${status}: ${what}; and the server goes on`, async () => {
    const before = fixture.refused.length;
    const answer = await post(options);
    assert.equal(answer.status, status, answer.body);
    if (status !== 431) {
      assert.equal(fixture.refused.length, before + 1);
      assert.match(fixture.lines.at(-1)?.message ?? '', new RegExp(`^\\[refused_request\\]\\[status=${status}\\]`));
      assert.deepEqual((JSON.parse(answer.body) as { code: string }).code, 'SI5001');
    }
    assert.equal((await post({ body: reviewBytes('optin-true') })).status, 200);
  });
}

test('a body that breaks off costs nothing but a log line', async () => {
  const socket = connect({ host: '127.0.0.1', port: fixture.port, servername: SERVER_NAME, ca: identity.ca });
  await once(socket, 'secureConnect');
  socket.write(
    'POST /mutate/nginx HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a',
  );
  socket.destroy();
  assert.equal((await post({ body: reviewBytes('optin-true') })).status, 200);
});

test('not synced: 503 and Retry-After, so that the API server asks again', async () => {
  fixture.state.synced = false;
  const { status, headers, body } = await post({ body: reviewBytes('optin-true') });
  fixture.state.synced = true;
  assert.deepEqual([status, headers['retry-after']], [503, '1']);
  assert.equal((JSON.parse(body) as { code: string }).code, 'SI5002');
});

test('more than the cap at one time: 429 and Retry-After', async () => {
  const sockets = [];
  for (let count = 0; count < 4; count += 1) {
    const socket = connect({ host: '127.0.0.1', port: fixture.port, servername: SERVER_NAME, ca: identity.ca });
    await once(socket, 'secureConnect');
    // The server says 100 when the request has passed the gate.
    socket.write(
      'POST /mutate/nginx HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n',
    );
    await once(socket, 'data');
    sockets.push(socket);
  }
  const { status, headers } = await post({ body: reviewBytes('optin-true') });
  assert.deepEqual([status, headers['retry-after']], [429, '1']);
  for (const socket of sockets) socket.end('{"kind":1');
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  assert.equal((await post({ body: reviewBytes('optin-true') })).status, 200);
});

test('a bug is a 5xx, never a denial', async () => {
  const broken = injector();
  Object.defineProperty(broken.spec, 'template', {
    get: () => {
      throw new Error('bug');
    },
  });
  fixture.state.injector = broken;
  const { status, body } = await post({ body: reviewBytes('optin-true') });
  fixture.state.injector = injector();
  assert.equal(status, 500);
  assert.deepEqual(Object.keys(JSON.parse(body) as object), ['code', 'message']);
  assert.equal(fixture.lines.at(-1)?.level, 'error');
});

/** The first bytes that a TLS client of this version sends. */
async function clientHello(maxVersion: SecureVersion): Promise<Buffer> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, servername: SERVER_NAME, maxVersion });
  client.on('error', () => {});
  const [socket] = (await once(listener, 'connection')) as [Socket];
  const [hello] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  listener.close();
  return hello;
}

test('a client that does not trust us is counted, with the name that it dialled', async () => {
  // Node's own client sends no alert when it refuses a certificate; Go's sends alert 42, others 48.
  for (const [maxVersion, alert] of [
    ['TLSv1.2', 42],
    ['TLSv1.3', 42],
    ['TLSv1.3', 48],
  ] as const) {
    const before = fixture.handshakes.length;
    const socket = connectTcp(fixture.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(await clientHello(maxVersion));
    await once(socket, 'data');
    socket.write(Buffer.of(0x15, 3, 3, 0, 2, 2, alert));
    await once(socket, 'close');
    const { servername, untrusted } = fixture.handshakes[before] ?? {};
    assert.deepEqual(
      [servername, untrusted],
      [SERVER_NAME, true],
      `${maxVersion} ${alert} ${JSON.stringify(fixture.handshakes[before])}`,
    );
    assert.equal(fixture.lines.at(-1)?.message, '[tls_handshake_failed]');
  }
});

test('what is not TLS, an old TLS, or for another name is not answered', async () => {
  const plain = connectTcp(fixture.port, '127.0.0.1');
  plain.on('error', () => {});
  plain.write('GET / HTTP/1.1\r\n\r\n');
  await once(plain, 'close');
  await assert.rejects(post({ body: '{}', maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
  await assert.rejects(post({ body: '{}', servername: 'sidecar-injector-other.ns.svc' }));
  assert.equal((await post({ body: reviewBytes('optin-true') })).status, 200);
});

test('a new certificate is served on the next connection', async () => {
  const next = await newIdentity();
  const { context } = fixture.state;
  fixture.state.context = createSecureContext({ key: next.key, cert: next.cert });
  assert.equal((await call(fixture.port, next.ca, { body: reviewBytes('bare') })).status, 200);
  fixture.state.context = context;
});

test('a client without a server name gets the default identity', async () => {
  const noName = { servername: '', checkServerIdentity: () => undefined };
  await assert.rejects(post({ body: reviewBytes('bare'), ...noName }));
  fixture.server.useDefaultIdentity({ key: identity.key, cert: identity.cert });
  assert.equal((await post({ body: reviewBytes('bare'), ...noName })).status, 200);
});
