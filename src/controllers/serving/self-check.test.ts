import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { createSecureContext, createServer, type SecureContext } from 'node:tls';
import { eventually } from '../../../test/support/eventually.ts';
import { createAuthority, issueServing, type Authority } from '../../pki/authority.ts';
import { generatePrivateKey } from '../../pki/keys.ts';
import { silentLogger } from '../../observe/log.ts';
import { systemClock } from '../../runtime/clock.ts';
import { SelfCheck, type Called, type SelfCheckOptions } from './self-check.ts';

const now = new Date();
const contexts = new Map<string, SecureContext>();
const refusals: Error[] = [];
const server = createServer({ SNICallback: (name, done) => done(null, contexts.get(name)) });
let good: Authority;
let other: Authority;
let port = 0;

const dnsName = (injector: string): string => `sidecar-injector-${injector}.ns.svc`;

async function serve(injector: string, authority: Authority, names = [dnsName(injector)]): Promise<string> {
  const key = await generatePrivateKey(2048);
  const identity = { commonName: 'x', dnsNames: names, ipAddresses: [] };
  const publicKey = createPublicKey(key);
  const cert = await issueServing({ authority, publicKey, identity, now, lifetimeSeconds: 3600 });
  contexts.set(dnsName(injector), createSecureContext({ key, cert }));
  return cert;
}

before(async () => {
  const options = { now, lifetimeSeconds: 86_400, keySize: 2048 };
  [good, other] = await Promise.all([
    createAuthority({ name: 'a', ...options }),
    createAuthority({ name: 'b', ...options }),
  ]);
  server.on('tlsClientError', (error) => refusals.push(error));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', () => resolve());
  await promise;
  ({ port } = server.address() as AddressInfo);
});
after(() => server.close());

/** A check that runs until the test is over. */
function start(
  context: TestContext,
  called: () => Called[],
  more: Partial<SelfCheckOptions> = {},
): { check: SelfCheck; verified: Map<string, number> } {
  const verified = new Map<string, number>();
  const note = (injector: string): void => void verified.set(injector, (verified.get(injector) ?? 0) + 1);
  const check = new SelfCheck({
    host: '127.0.0.1',
    port,
    namespace: 'ns',
    called,
    clock: systemClock,
    log: silentLogger,
    verified: note,
    ...more,
  });
  const end = new AbortController();
  const running = check.run(end.signal);
  context.after(async () => {
    end.abort();
    await running;
  });
  return { check, verified };
}

const rows: [name: string, bundle: () => Promise<string> | string, failure: RegExp | undefined][] = [
  ['its authority is published', async () => (await serve('x', good), good.certificate), undefined],
  ['the leaf itself is published', () => serve('x', good), undefined],
  [
    'old and new authority are published',
    async () => (await serve('x', good), other.certificate + good.certificate),
    undefined,
  ],
  ['another authority is published', async () => (await serve('x', good), other.certificate), /UNABLE_TO|unable to/i],
  [
    'it names somebody else',
    async () => (await serve('x', good, ['elsewhere.svc']), good.certificate),
    /does not match|ALTNAME/,
  ],
  ['nothing is published', async () => (await serve('x', good), ''), /nothing is trusted/],
  ['no PEM is published', async () => (await serve('x', good), 'garbage'), /x: a handshake with itself fails/],
  ['nothing is served', () => (contexts.clear(), good.certificate), /x: a handshake with itself fails/],
];
for (const [name, bundle, failure] of rows) {
  test(`self check: ${name}`, async (context) => {
    const trusted = await bundle();
    refusals.length = 0;
    const { check, verified } = start(context, () => [{ injector: 'x', fingerprint: name, bundle: trusted }]);
    assert.match(check.failures().join(), /no handshake has been made yet/);
    await eventually(() => !/no handshake/.test(check.failures().join()));
    if (failure === undefined) assert.deepEqual(check.failures(), []);
    else assert.match(check.failures().join(), failure);
    assert.equal(verified.get('x'), failure === undefined ? 1 : undefined);
    if (contexts.size > 0) assert.deepEqual(refusals, [], 'it does not look like a refusal of an API server');
  });
}

test('a new certificate does not take readiness away before its handshake, and one failure does not after a good one', async (context) => {
  const answers: (string | undefined)[] = [undefined, 'busy', undefined];
  let called: Called = { injector: 'x', fingerprint: '1', bundle: 'B' };
  let handshakes = 0;
  const { check } = start(context, () => [called], {
    handshake: async () => {
      handshakes += 1;
      return answers.shift();
    },
  });
  await eventually(() => handshakes === 1);
  await eventually(() => check.failures().length === 0);
  called = { ...called, fingerprint: '2' };
  assert.deepEqual(check.failures(), []);
  check.poke();
  await eventually(() => handshakes === 2);
  assert.deepEqual(check.failures(), []);
  check.poke();
  await eventually(() => handshakes === 3);
  assert.deepEqual(check.failures(), []);
});

test('a thousand injectors get a handshake each at once, and then a few a second', async (context) => {
  const called = Array.from({ length: 1000 }, (_, index) => ({ injector: `i${index}`, fingerprint: 'f', bundle: 'B' }));
  let atOnce = 0;
  let most = 0;
  let handshakes = 0;
  let time = 0;
  const { check } = start(context, () => called, {
    clock: { ...systemClock, monotonic: () => time },
    handshake: async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await Promise.resolve();
      atOnce -= 1;
      handshakes += 1;
      return undefined;
    },
  });
  await eventually(() => handshakes === 1000);
  assert.ok(most <= 4);
  assert.deepEqual(check.failures(), []);
  check.poke();
  await eventually(() => handshakes === 1000);
  time += 31_000;
  check.poke();
  await eventually(() => handshakes > 1000);
  assert.equal(handshakes, 1020);
});
