/** Clocks that differ: people are told once, and certificates are valid for whoever is behind. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseCertificates } from '../../src/pki/inspect.ts';
import { eventually, PATHS, World, type Json } from './operator-world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

test('an API server that is ten minutes behind is told of, and takes the certificate at once', async () => {
  await world.startOperator({ skewMs: -600_000 });
  await world.applyInjector('late');
  await world.ready('late');
  const secret = await world.get(PATHS.secret('late'));
  const pem = ['tls.crt', 'ca.crt'].map((key) => Buffer.from(secret.data[key], 'base64').toString()).join('');
  for (const { validFromDate } of parseCertificates(pem) ?? [])
    assert.ok(validFromDate.getTime() < Date.now() - 600_000);
  const notes = await eventually('an Event says so', async () => {
    const events = (await world.items(PATHS.events)).filter(({ reason }: Json) => reason === 'ClockSkew');
    return events.length > 0 && events.map(({ note }: Json) => note);
  });
  assert.match(notes[0], /the API server's clock is 600 s behind the operator's/);
  // Whatever makes the operator look again.
  await world.merge(PATHS.injector('late'), { spec: { webhook: { timeoutSeconds: 4 } } });
  await world.ready('late');
  const again = (await world.items(PATHS.events)).filter(({ reason }: Json) => reason === 'ClockSkew');
  assert.deepEqual([again.length, again[0].series], [1, undefined]);
});
