/** A rotation that is wished for while a certificate is on its way already is not taken for fulfilled by that one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeClient } from '../../src/kube/client.ts';
import { until } from '../support/until.ts';
import { askForRotation, atRest, stateOf } from './support/certificates.ts';
import { stopChildren } from './support/child.ts';
import { openEnvironment, type Environment } from './support/environment.ts';
import { applyReady, injectorNamed } from './support/fixture.ts';
import { install, uninstall } from './support/installation.ts';
import { startOperator } from './support/operator.ts';
import { openProxy, type ApiProxy } from './support/proxy.ts';

const NAME = 'wished';
const PATIENCE = { timeoutMs: 60_000 };

let environment: Environment;
let client: KubeClient;
let proxy: ApiProxy;
let holdsRequests = false;

before(async () => {
  environment = await openEnvironment();
  client = environment.client;
  await install(environment);
  const decide = ({ writes, path }: { writes: boolean; path: string }) =>
    holdsRequests && writes && path.includes('/certificatesigningrequests') ? { status: 500 } : ('Pass' as const);
  proxy = await openProxy(environment, { decide });
  await startOperator(environment, { kubeconfig: proxy.kubeconfig });
});
after(async () => {
  holdsRequests = false;
  try {
    await uninstall(environment);
  } finally {
    await stopChildren();
    await proxy?.close();
    await environment?.close();
  }
});

test('a new authority that is wished for while a renewal is under way comes after it', async () => {
  await applyReady(client, injectorNamed(NAME));
  await atRest(client, NAME, PATIENCE);
  const { anchors } = await stateOf(client, NAME);
  holdsRequests = true;
  await askForRotation(client, NAME, 'leaf-1');
  await until('a key waits for its certificate', async () => (await stateOf(client, NAME)).pendingKey !== '', PATIENCE);
  await askForRotation(client, NAME, 'ca-2');
  holdsRequests = false;
  await until(
    'there is another authority',
    async () => {
      const state = await stateOf(client, NAME);
      return state.rollover.phase === 'Stable' && state.anchors !== anchors && state.rotated === 'ca-2';
    },
    PATIENCE,
  );
  await atRest(client, NAME, PATIENCE);
  assert.equal((await stateOf(client, NAME)).pendingWish, '');
});
