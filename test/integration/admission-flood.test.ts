/** Whoever only holds places gives way to those who call; and one request cannot be read as two. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type TLSSocket, connect, createServer } from 'node:tls';
import type { AdmissionServerOptions } from '../../src/admission/server.ts';
import { HEADERS_PATIENCE_MS, Strangers } from '../../src/admission/strangers.ts';
import { until } from '../support/until.ts';
import { reviewBytes } from '../testdata/samples.ts';
import { type Fixture, type Identity, SERVER_NAME, call, newIdentity, startAdmission } from './admission-fixture.ts';

const BODY = reviewBytes('optin-true');
const HEAD = 'POST /mutate/nginx HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
const PLACES = 4;

let identity: Identity;
before(async () => {
  identity = await newIdentity();
});

const fixtures: Fixture[] = [];
const sockets: Socket[] = [];
after(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(fixtures.map(({ server }) => server.drain(AbortSignal.abort())));
});

const start = async (options: Partial<AdmissionServerOptions>): Promise<Fixture> => {
  const fixture = await startAdmission(identity, options);
  fixtures.push(fixture);
  return fixture;
};
const keep = <S extends Socket>(socket: S): S => {
  sockets.push(socket);
  socket.on('error', () => {}).resume();
  return socket;
};
const open = async ({ port }: Fixture): Promise<TLSSocket> => {
  const socket = keep(connect({ host: '127.0.0.1', port, servername: SERVER_NAME, ca: identity.ca }));
  await once(socket, 'secureConnect');
  return socket;
};
const many = <T>(count: number, make: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, make));
/** A request whose body does not come to its end. It has its place when the server says 100. */
const stall = async (fixture: Fixture, bytes = 1): Promise<TLSSocket> => {
  const socket = await open(fixture);
  socket.write(`${HEAD}expect: 100-continue\r\ncontent-length: 4000000\r\n\r\n`);
  await once(socket, 'data');
  socket.write(Buffer.alloc(bytes, ' '));
  return socket;
};
const post = ({ port }: Fixture, more: object = {}): ReturnType<typeof call> =>
  call(port, identity.ca, { body: BODY, ...more });
const left = (some: Socket[]): number => some.filter(({ closed }) => !closed).length;

describe('a sender of slow bodies', () => {
  test('that holds all places gives one to each who calls', async () => {
    const fixture = await start({ maxInFlight: PLACES, bodies: { patienceMs: 0 } });
    const slow = await many(PLACES, () => stall(fixture));
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await post(fixture)).status, 200);
      await until('the slowest has given way', () => left(slow) === PLACES - 1);
      slow.push(await stall(fixture));
      assert.equal(left(slow), PLACES);
    }
  });

  test('is given a second', async () => {
    const fixture = await start({ maxInFlight: PLACES, bodies: { patienceMs: 3_600_000 } });
    const slow = await many(PLACES, () => stall(fixture));
    assert.equal((await post(fixture)).status, 429);
    assert.equal(left(slow), PLACES);
  });

  test('does not fill the memory', async () => {
    const fixture = await start({ bodies: { maxBytes: 2_000_000, patienceMs: 0 } });
    const slow = await many(PLACES, () => stall(fixture, 700_000));
    await until('two of them have room', () => left(slow) === 2);
    assert.equal((await post(fixture)).status, 200);
  });

  test('is told to come again when nobody has taken too long yet', async () => {
    const fixture = await start({ bodies: { maxBytes: 1_000_000, patienceMs: 3_600_000 } });
    await stall(fixture, 900_000);
    const { status, headers } = await post(fixture, { body: Buffer.alloc(800_000, ' ') });
    assert.deepEqual([status, headers['retry-after']], [429, '1']);
    assert.equal((await post(fixture)).status, 200, 'there is room for a small one');
  });
});

describe('connections without a request', () => {
  for (const [what, connection] of [
    ['that say nothing', (fixture: Fixture) => open(fixture)],
    ['with half a header', (fixture: Fixture) => open(fixture)],
    [
      'that make no handshake',
      async ({ port }: Fixture) => {
        const socket = keep(connectTcp(port, '127.0.0.1'));
        await once(socket, 'connect');
        return socket;
      },
    ],
  ] as const) {
    test(`${what} are closed when there are many, the oldest first; who has called before goes on`, async () => {
      const fixture = await start({ maxStrangers: PLACES });
      const agent = new Agent({ keepAlive: true });
      const first = await post(fixture, { agent });
      assert.equal(first.status, 200);
      const [connected] = Object.values(agent.freeSockets).flat();
      const strangers: Socket[] = [];
      for (let count = 0; count < 3 * PLACES; count += 1) {
        const socket = await connection(fixture);
        if (what === 'with half a header') socket.write(HEAD);
        strangers.push(socket);
      }
      await until('only the newest are left', () => left(strangers) === PLACES);
      assert.equal(left(strangers.slice(-PLACES)), PLACES);
      assert.equal((await post(fixture, { agent: new Agent() })).status, 200);
      assert.equal((await post(fixture, { agent })).status, 200);
      assert.equal(Object.values(agent.freeSockets).flat()[0], connected, 'on the same connection');
      agent.destroy();
    });
  }

  test('are closed in time when a header has begun, and may wait when they are silent', async () => {
    const strangers = new Strangers(PLACES);
    const server = createServer({ key: identity.key, cert: identity.cert }, (socket) => {
      strangers.speak(socket);
      socket.on('error', () => {}).resume();
    });
    server.on('connection', (socket: Socket) => strangers.come(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const [silent, slow] = await many(2, () => open({ port } as Fixture));
    assert.ok(silent !== undefined && slow !== undefined);
    slow.write(HEAD);
    const now = performance.now();
    strangers.sweep(now);
    assert.equal(strangers.count, 2);
    await until('the slow one is closed', () => {
      strangers.sweep(performance.now() + HEADERS_PATIENCE_MS);
      return slow.closed;
    });
    assert.equal(silent.closed, false, 'API servers may dial a moment before they have something to say');
    silent.destroy();
    server.close();
  });
});

describe('a request that two readers would read differently is refused, and nothing after it is read', () => {
  const body = BODY.toString();
  const whole = `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const smuggled = `${HEAD}${whole}`;
  const chunked = `0\r\n\r\n${smuggled}`;
  const cases: Record<string, string> = {
    'a length and chunks': `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
    'chunks and a length': `${HEAD}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${chunked}`,
    'two lengths': `${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\n12345${smuggled}`,
    'a length with a sign': `${HEAD}content-length: +5\r\n\r\n12345${smuggled}`,
    'a coding after chunked': `${HEAD}transfer-encoding: chunked, identity\r\n\r\n${chunked}`,
    'a space before the colon': `${HEAD}transfer-encoding : chunked\r\n\r\n${chunked}`,
    'a folded header': `${HEAD}x: y\r\n transfer-encoding: chunked\r\n${whole}${smuggled}`,
    'a chunk of a strange size': `${HEAD}transfer-encoding: chunked\r\n\r\n0x5\r\n12345\r\n${chunked}`,
  };
  let fixture: Fixture;
  before(async () => {
    fixture = await start({});
  });
  for (const [what, bytes] of Object.entries(cases)) {
    test(what, async () => {
      const decided = fixture.decided.length;
      const socket = await open(fixture);
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.write(bytes);
      await once(socket, 'close');
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(answer.split('HTTP/1.1').length, 2, answer);
      assert.equal((await post(fixture)).status, 200);
      await until('it is told', () => fixture.decided.length > decided);
      assert.equal(fixture.decided.length, decided + 1);
    });
  }
});
