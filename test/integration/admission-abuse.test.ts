/** Senders that are slow, many, or up to no good: they cost a place for a while, and nothing else. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type TLSSocket, connect } from 'node:tls';
import { BODIES_DEFAULTS } from '../../src/admission/bodies.ts';
import { reviewBytes } from '../testdata/samples.ts';
import { type Fixture, type Identity, SERVER_NAME, call, newIdentity, startAdmission } from './admission-fixture.ts';

const MAX_IN_FLIGHT = 4;
/** Of bodies; the operator's own is BODIES_DEFAULTS.timeoutMs. */
const TIMEOUT_MS = 1500;

let identity: Identity;
let fixture: Fixture;
before(async () => {
  identity = await newIdentity();
  fixture = await startAdmission(identity, {
    maxInFlight: MAX_IN_FLIGHT,
    bodies: { patienceMs: Infinity, timeoutMs: TIMEOUT_MS },
  });
});
after(() => fixture.server.drain(AbortSignal.abort()));

const open = async (): Promise<TLSSocket> => {
  const socket = connect({ host: '127.0.0.1', port: fixture.port, servername: SERVER_NAME, ca: identity.ca });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
};
const post = async (body: string | Buffer = reviewBytes('optin-true')): ReturnType<typeof call> =>
  call(fixture.port, identity.ca, { body });

test('connections that say nothing, or half a header, take no place from others', async () => {
  const sockets = await Promise.all(Array.from({ length: 10 * MAX_IN_FLIGHT }, open));
  for (const socket of sockets.slice(MAX_IN_FLIGHT)) socket.write('POST /mutate/nginx HTTP/1.1\r\nhost: x\r\nx-slow: ');
  assert.equal((await post()).status, 200);
  for (const socket of sockets) socket.destroy();
});

test('bodies that dribble in are given up in time, and free their places', async () => {
  const started = performance.now();
  const sockets = await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, open));
  for (const socket of sockets) {
    socket.write(
      'POST /mutate/nginx HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n',
    );
    // The server says 100 when the request has passed the gate.
    await once(socket, 'data');
    socket.write('{');
  }
  assert.equal((await post()).status, 429);
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await closed;
  assert.ok(performance.now() - started >= TIMEOUT_MS);
  assert.equal(BODIES_DEFAULTS.timeoutMs, 10_000);
  assert.equal((await post()).status, 200);
});

test('keys of prototypes in a review reach no prototype', async () => {
  const evil = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},';
  const review = reviewBytes('optin-true')
    .toString('utf8')
    .replaceAll(/"(metadata|labels|annotations|spec|request)": ?\{/g, (opening) => opening + evil);
  assert.ok(review.includes('__proto__'));
  const answer = await post(review);
  assert.ok(answer.status < 500, answer.body);
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  const { body } = await post();
  assert.doesNotMatch(body, /polluted/);
});
