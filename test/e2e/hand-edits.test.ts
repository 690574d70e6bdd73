/**
 * What a hand changes is repaired within 5 s, and an Event says what was found and done; pods are created all the while, with
 * failurePolicy Fail. What API servers trust cannot be spoilt without an effect: there the pods that failed are counted until
 * the repair, and none of them may be later.
 */
import assert from 'node:assert/strict';
import { before, describe, test, type TestContext } from 'node:test';
import { webhookConfigurationName } from '../../src/api/v1alpha1/names.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove, replace } from '../../src/kube/verbs.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { until } from '../support/until.ts';
import {
  atRest,
  AUTHORITY_KEY,
  configurationOf,
  eventsOf,
  merge,
  requestsOf,
  secretKey,
  stateOf,
} from './support/certificates.ts';
import { startCreating, type Creating } from './support/creating.ts';
import { applyReady, containersOf, createPod, deleteInjector, injectorNamed, useOperator } from './support/fixture.ts';
import { applyAll } from './support/objects.ts';

const LIMIT_MS = 5000;
/** After the repair: until the API server calls by what was repaired, and until answers under way are there. */
const AFTERMATH_MS = 1000;
const NAME = 'edited';
const NAMESPACE = `ns-${NAME}`;
const encode = (text: string): string => Buffer.from(text).toString('base64');

const fixture = useOperator();
let client: KubeClient;

interface Edit {
  what: string;
  /** What was done by hand. */
  edit: () => Promise<unknown>;
  /** Whether it is as it should be again. */
  repaired: () => Promise<boolean>;
  /** What an Event says of it. */
  event: RegExp;
  /** Pods fail, or go without sidecar, until the repair. */
  felt?: true;
}

const told = async (injector: string, event: RegExp): Promise<string> =>
  until(
    `an Event says ${event.source}`,
    async () => (await eventsOf(client, injector)).map(({ note }) => note).find((note) => event.test(note)),
    { timeoutMs: LIMIT_MS },
  );

const tryEdit = async (t: TestContext, { edit, repaired, event, felt }: Edit): Promise<void> => {
  const creating = startCreating(client, NAMESPACE, `${NAME}-sidecar`);
  try {
    await until('pods are created', () => creating.pods > 2);
    const begun = performance.now();
    await edit();
    await until('it is repaired', repaired, { timeoutMs: LIMIT_MS, everyMs: 5 });
    const took = performance.now() - begun;
    await told(NAME, event);
    const { pods } = creating;
    await until('pods are created after it', () => creating.pods > pods + 10);
    assert.ok(containersOf(await createPod(client, NAMESPACE)).includes(`${NAME}-sidecar`));
    await assertFelt(t, creating, begun, took, felt === true);
  } finally {
    await creating.stop();
  }
  await atRest(client, NAME);
};

/** 0 failures; or all of them before the repair, and those that it met on their way. */
const assertFelt = async (
  t: TestContext,
  { failures, pods }: Creating,
  begun: number,
  took: number,
  felt: boolean,
): Promise<void> => {
  const window = Math.max(0, ...failures.map(({ at }) => at - begun));
  t.diagnostic(
    `repaired in ${took.toFixed(0)} ms; ${pods} pods, ${failures.length} failed, for ${window.toFixed(0)} ms`,
  );
  const longest = Math.min(LIMIT_MS, took + AFTERMATH_MS);
  if (felt) assert.ok(window < longest, `pods failed for ${window} ms: ${failures.at(-1)?.what}`);
  else assert.deepEqual(failures, []);
};

const configurationIsBack = async (): Promise<boolean> => {
  const { anchors } = await stateOf(client, NAME);
  const found = await configurationOf(client, NAME);
  return (
    found?.webhooks?.length === 2 &&
    found.webhooks.every(({ clientConfig }) => clientConfig.caBundle === encode(anchors))
  );
};

const setBundles = async (caBundle: string | undefined): Promise<void> => {
  const found = await configurationOf(client, NAME);
  assert.ok(found?.webhooks);
  for (const webhook of found.webhooks) {
    const { caBundle: _, ...clientConfig } = webhook.clientConfig;
    webhook.clientConfig = { ...clientConfig, ...(caBundle !== undefined && { caBundle }) };
  }
  await replace<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations, found, {
    fieldManager: 'somebody',
  });
};

/** What the Secret holds now comes back after somebody changed it. */
const secretComesBack = async (): Promise<() => Promise<boolean>> => {
  const { certificate, key, anchors } = await stateOf(client, NAME);
  return async () => {
    const now = await stateOf(client, NAME).catch(() => undefined);
    return now?.certificate === certificate && now.key === key && now.anchors === anchors;
  };
};

const editSecret = async (t: TestContext, edit: () => Promise<unknown>, event: RegExp): Promise<void> =>
  tryEdit(t, { what: 'Secret', edit, repaired: await secretComesBack(), event });

describe('within 5 s', () => {
  before(async () => {
    ({ client } = fixture);
    await applyReady(client, injectorNamed(NAME, { webhook: { failurePolicy: 'Fail' } }));
    await atRest(client, NAME);
  });

  test('a deleted Secret is written back from memory', (t) =>
    editSecret(t, () => remove(client, RESOURCES.secrets, secretKey(NAME)), /Secret \S+ was deleted; written back/));

  test("another's key in the Secret is replaced by the one that is served", (t) =>
    editSecret(
      t,
      async () =>
        merge(client, RESOURCES.secrets, secretKey(NAME), {
          data: { 'tls.key': encode(await generatePrivateKey(2048)) },
        }),
      /Secret \S+ was changed: its certificate .*key/,
    ));

  const edits: Edit[] = [
    {
      what: 'an emptied caBundle',
      edit: () => setBundles(undefined),
      repaired: configurationIsBack,
      event: /MutatingWebhookConfiguration \S+ was changed by somebody else at \S+caBundle; restored/,
      felt: true,
    },
    {
      what: 'a garbled caBundle',
      edit: () => setBundles(encode('-----BEGIN CERTIFICATE-----\ngarbled\n-----END CERTIFICATE-----\n')),
      repaired: configurationIsBack,
      event: /MutatingWebhookConfiguration \S+ was changed by somebody else at \S+caBundle; restored/,
      felt: true,
    },
    {
      what: 'a deleted webhook configuration',
      edit: () => remove(client, RESOURCES.mutatingWebhookConfigurations, { name: webhookConfigurationName(NAME) }),
      repaired: configurationIsBack,
      event: /MutatingWebhookConfiguration \S+ was deleted; created again/,
      felt: true,
    },
    {
      what: 'a deleted Secret of the authority',
      edit: () => remove(client, RESOURCES.secrets, AUTHORITY_KEY),
      repaired: async () =>
        (await get<Secret>(client, RESOURCES.secrets, AUTHORITY_KEY))?.data?.['ca.key'] !== undefined,
      event: /a new certificate authority was made in Secret \S+: there is none/,
    },
  ];
  for (const edit of edits) test(`${edit.what} is repaired`, (t) => tryEdit(t, edit));

  test('a request that is deleted before it was answered is made again', async (t) => {
    const name = 'waits';
    const signerName = 'clusterissuers.cert-manager.io/test';
    await applyAll(client, [injectorNamed(name, { certificate: { signerName }, webhook: { failurePolicy: 'Fail' } })]);
    const first = await until('there is a request', async () => (await requestsOf(client, name))[0]);
    // The operator has seen its own request once it speaks of it.
    await until('it is waited for', async () => {
      const { status } = await client.request<{ status?: { conditions?: { message: string }[] } }>({
        path: `/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors/${name}`,
      });
      return status?.conditions?.some(({ message }) => message.includes(first.metadata.name));
    });
    const creating = startCreating(client, NAMESPACE, `${NAME}-sidecar`);
    const begun = performance.now();
    await remove(client, RESOURCES.certificateSigningRequests, { name: first.metadata.name });
    const again = await until(
      'there is another one',
      async () => (await requestsOf(client, name)).find(({ metadata }) => metadata.uid !== first.metadata.uid),
      { timeoutMs: LIMIT_MS, everyMs: 5 },
    );
    t.diagnostic(`repaired in ${(performance.now() - begun).toFixed(0)} ms`);
    assert.equal(again.metadata.name, first.metadata.name, 'the same key asks again');
    assert.equal(again.spec.request, first.spec.request);
    await told(name, /CertificateSigningRequest \S+ was deleted; asked again/);
    await creating.stop();
    assert.deepEqual(creating.failures, []);
    await deleteInjector(client, name);
  });
});
