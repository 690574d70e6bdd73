/**
 * Somebody puts back a Secret of before a change of the authority, as a backup tool does: key and certificate fit each other,
 * but what API servers trust no longer verifies them. API servers that are late tell whether trust was taken back in between.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/connection.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, replace } from '../../src/kube/verbs.ts';
import type { SecretState } from '../../src/controllers/secret.ts';
import { until } from '../support/until.ts';
import { askForRotation, atRest, eventsOf, secretKey } from './support/certificates.ts';
import { stopChildren } from './support/child.ts';
import { startCreating } from './support/creating.ts';
import { Crew } from './support/crew.ts';
import { openEnvironment, type Environment } from './support/environment.ts';
import { applyReady, containersOf, createPod, injectorNamed } from './support/fixture.ts';
import { install, uninstall } from './support/installation.ts';

const NAME = 'putback';
const SIDECAR = `${NAME}-sidecar`;
const LIMIT_MS = 5000;
const TOLD = /Secret \S+ was put back to an older state/;
/** Longer than any of the API servers takes to read what was written. */
const AFTERMATH_MS = 1500;

let environment: Environment;
let clients: KubeClient[];
let crew: Crew;
let namespace: string;
/** Events of it so far. */
let told = 0;

before(async () => {
  const late = ['--configuration-lag=20,1000', '--watch-lag=10,20', '--close-connections'];
  environment = await openEnvironment(
    process.env['KUBECONFIG'] === undefined ? { servers: 2, argv: late } : { servers: 1 },
  );
  clients = environment.kubeconfigs.map((file) => createKubeClient({ load: loadKubeConfig(file) }));
  await install(environment);
  crew = await Crew.start({ environment });
  const injector = injectorNamed(NAME, { webhook: { failurePolicy: 'Fail' } });
  namespace = await applyReady(environment.client, injector);
  for (const client of clients) {
    await until('every API server injects', async () =>
      containersOf(await createPod(client, namespace)).includes(SIDECAR),
    );
  }
});
after(async () => {
  try {
    await uninstall(environment);
    await crew.stop();
  } finally {
    await stopChildren();
    for (const client of clients) await client.close();
    await environment.close();
  }
});

const stored = async (): Promise<Secret> => {
  const secret = await get<Secret>(environment.client, RESOURCES.secrets, secretKey(NAME));
  assert.ok(secret);
  return secret;
};

/** As `kubectl replace` of a file does. */
const putBack = async (old: Secret): Promise<void> => {
  const { resourceVersion: _, ...metadata } = old.metadata;
  await replace<Secret>(environment.client, RESOURCES.secrets, { ...old, metadata }, { fieldManager: 'somebody' });
};

/** Rolls over, puts back the Secret of before, and waits until that is undone and told of. No pod may fail. */
const tryPutBack = async (
  t: TestContext,
  wish: string,
  around: (put: () => Promise<void>) => Promise<void>,
): Promise<{ rolled: SecretState; undone: SecretState }> => {
  const { client } = environment;
  const { anchors } = await atRest(client, NAME);
  const old = await stored();
  await askForRotation(client, NAME, wish);
  const rolled = await atRest(client, NAME, { wish });
  assert.notEqual(rolled.anchors, anchors);
  const creating = clients.map((one) => startCreating(one, namespace, SIDECAR));
  try {
    await until('pods are created', () => creating.every(({ pods }) => pods > 2));
    let begun = 0;
    await around(async () => {
      begun = performance.now();
      await putBack(old);
    });
    const since = performance.now();
    await until(
      'an Event tells of it',
      async () => (await eventsOf(client, NAME)).filter(({ note }) => TOLD.test(note ?? '')).length >= told + 1,
      { timeoutMs: LIMIT_MS, everyMs: 20 },
    );
    told += 1;
    t.diagnostic(`told within ${(performance.now() - since).toFixed(0)} ms`);
    await until('every API server has had time to fall for it', () => performance.now() - begun > AFTERMATH_MS);
    return { rolled, undone: await atRest(client, NAME, { wish }) };
  } finally {
    for (const one of creating) await one.stop();
    t.diagnostic(creating.map(({ pods, failures }) => `${pods} pods, ${failures.length} failed`).join('; '));
    assert.deepEqual(
      creating.flatMap(({ failures }) => failures),
      [],
    );
  }
};

test('a Secret of before a change of the authority is put back', async (t) => {
  const { rolled, undone } = await tryPutBack(t, 'ca-1', (put) => put());
  assert.equal(undone.certificate, rolled.certificate);
});

test('the same while nobody leads: the next leader knows what it serves itself', async (t) => {
  await tryPutBack(t, 'ca-2', async (put) => {
    const leader = await crew.leader();
    crew.kill(leader);
    await put();
    await crew.bury(leader);
    await crew.leader();
  });
});
