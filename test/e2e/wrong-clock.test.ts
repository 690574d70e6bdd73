/** An operator whose clock is wrong goes by the API server's, which verifies its certificates. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { atRest, stateOf } from './support/certificates.ts';
import { stopChildren } from './support/child.ts';
import { openEnvironment, type Environment } from './support/environment.ts';
import { applyReady, injectorNamed } from './support/fixture.ts';
import { install, uninstall } from './support/installation.ts';
import { startOperator } from './support/operator.ts';

const HOOK = pathToFileURL(path.resolve(import.meta.dirname, '../../hack/chaos/hook.ts')).href;
const MINUTE = 60_000;

let environment: Environment;
before(async () => {
  environment = await openEnvironment();
  await install(environment);
});
after(async () => {
  try {
    await uninstall(environment);
  } finally {
    await stopChildren();
    await environment?.close();
  }
});

for (const [name, minutes] of [
  ['behind', -20],
  ['ahead', 60 * 24 * 60],
] as const) {
  test(`a leader whose clock is ${Math.abs(minutes)} minutes ${name} keeps the certificate that is good`, async () => {
    const { client } = environment;
    const right = await startOperator(environment, { name: `right-${name}` });
    await applyReady(client, injectorNamed(name));
    await atRest(client, name);
    const { certificate } = await stateOf(client, name);
    await right.stop();

    const wrong = await startOperator(environment, {
      name: `wrong-${name}`,
      nodeFlags: [`--import=${HOOK}?offset=${minutes * MINUTE}`],
    });
    // Ready for this change, it has looked at everything.
    await applyReady(client, injectorNamed(name, { webhook: { timeoutSeconds: 7 } }));
    assert.equal((await stateOf(client, name)).certificate, certificate);
    await applyReady(client, injectorNamed(`${name}-too`));
    await wrong.stop();
  });
}
