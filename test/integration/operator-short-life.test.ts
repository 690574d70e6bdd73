/** A signer that gives less than was asked for: believed, told of once, and never asked without end. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import forge from 'node-forge';
import { createAuthority, issueServing, type Authority } from '../../src/pki/authority.ts';
import { eventually, NAMESPACE, PATHS, World, type Json } from './operator-world.ts';

const SIGNER = 'example.com/short';
const encode = (text: string): string => Buffer.from(text).toString('base64');

let world: World;
let authority: Authority;
before(async () => {
  world = await World.start();
  authority = await createAuthority({ name: 'short', now: new Date(), lifetimeSeconds: 86_400, keySize: 2048 });
});
after(() => world.stop());

/** 20 minutes that can be used, of a life that began more than an hour ago. */
async function sign(request: Json): Promise<void> {
  const target = `${PATHS.requests}/${request.metadata.name}`;
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by the test' }];
  const approved = await world.call('PUT', `${target}/approval`, { ...request, status: { conditions } });
  const asked = forge.pki.certificationRequestFromPem(Buffer.from(request.spec.request, 'base64').toString());
  assert.ok(asked.publicKey);
  const leaf = await issueServing({
    authority,
    publicKey: createPublicKey(forge.pki.publicKeyToPem(asked.publicKey)),
    identity: { commonName: 'x', dnsNames: [`sidecar-injector-short.${NAMESPACE}.svc`], ipAddresses: [] },
    now: new Date(),
    lifetimeSeconds: 1200,
    skewMs: 3_600_000,
  });
  const status = { ...approved.status, certificate: encode(leaf + authority.certificate) };
  await world.call('PUT', `${target}/status`, { ...approved, status });
}

test('a certificate whose life is mostly over when it comes is served, told of, and not renewed at once', async () => {
  await world.startOperator();
  await world.applyInjector('short', { certificate: { signerName: SIGNER } });
  const request = await eventually('it is asked for', async () => (await world.items(PATHS.requests))[0]);
  await sign(request);
  const { status } = await world.ready('short');
  const condition = await world.condition('short', 'CertificateReady');
  assert.match(condition.message, /the signer gave 20m where 2160h was asked for; .* half/);
  assert.equal(condition.reason, 'Issued');
  const left = new Date(status.certificate.renewalTime).getTime() - Date.now();
  assert.ok(left > 400_000 && left < 700_000, `renewed in ${left} ms`);
  const told = await eventually('an Event says so', async () => {
    const events = (await world.items(PATHS.events)).filter(({ reason }: Json) => reason === 'ShorterThanAsked');
    return events.length > 0 && events;
  });
  assert.equal(told.length, 1);
  await eventually(
    'the request is gone, and there is no other',
    async () => (await world.items(PATHS.requests)).length === 0,
  );
});
