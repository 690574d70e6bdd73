import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Identity, SERVER_NAME, newIdentity } from '../../test/integration/admission-fixture.ts';
import { type LoadOptions, applyLoad, requestBytes } from './wire.ts';

const STALL_MS = 300;
let identity: Identity;
let server: Server;
let load: Omit<LoadOptions, 'seconds'>;
const seen: string[] = [];

before(async () => {
  identity = await newIdentity();
  let stalls = true;
  server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
    request.resume().on('end', () => {
      // Only the first one is slow, and while it is, nobody else is answered.
      const until = performance.now() + (stalls ? STALL_MS : 0);
      stalls = false;
      while (performance.now() < until);
      response.statusCode = request.url === '/bad' ? 500 : 200;
      response.end('x'.repeat(40_000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const requests = [
    requestBytes('/mutate/a', Buffer.from('{}')),
    requestBytes('/mutate/b', Buffer.alloc(100_000, ' ')),
  ];
  load = { port, servername: SERVER_NAME, ca: identity.ca, connections: 2, requests };
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('what became due while the server stalled counts as late, though it was sent after that', async () => {
  const result = await applyLoad({ ...load, seconds: 0.6, rate: 200 });
  // Two connections: only two requests were on their way. A third and more of all were due in the meantime.
  assert.ok(result.quantile(0.8) > STALL_MS / 6, `p80 is ${result.quantile(0.8)} ms`);
  assert.ok(result.quantile(0) < STALL_MS);
});

test('without a rate each connection asks again at once, and every request has its turn', async () => {
  seen.length = 0;
  const result = await applyLoad({ ...load, seconds: 0.3 });
  assert.ok(result.requests >= 2 && result.failed === 0, `${result.requests} requests, ${result.failed} failed`);
  assert.deepEqual([...new Set(seen)].sort(), ['POST /mutate/a application/json', 'POST /mutate/b application/json']);
});

test('answers other than 200 are counted', async () => {
  const result = await applyLoad({ ...load, seconds: 0.3, requests: [requestBytes('/bad', Buffer.from('{}'))] });
  assert.ok(result.requests > 0 && result.failed >= result.requests);
});
