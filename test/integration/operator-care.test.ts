/** What the operator does for an injector that works: it renews, repairs, refuses bad templates, pauses, and cleans up. */
import assert from 'node:assert/strict';
import { createPublicKey, type X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { KubeClient } from '../../src/kube/client.ts';
import { issueServing } from '../../src/pki/authority.ts';
import { chainFailure, parseCertificates } from '../../src/pki/inspect.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { eventually, NAMESPACE, PATHS, World, type Json, type Operator } from './operator-world.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** What DESIGN 3 allows for a repair. */
const REPAIR_MS = 5000;

let world: World;
let operator: Operator;
let number = 0;
let name: string;
before(async () => {
  world = await World.start();
});
beforeEach(async () => {
  number += 1;
  name = `n${number}`;
  operator = await world.startOperator();
  await world.applyInjector(name);
  await world.ready(name);
});
afterEach(async () => {
  if ((await world.get(PATHS.injector(name))) !== undefined) await world.remove(PATHS.injector(name));
  await operator.kill();
});
after(() => world.stop());

/**
 * The serial number of what a replica really serves. Fails when the caBundle that is published at that moment does not
 * verify it: the invariant of DESIGN 3.
 */
async function servedSerial(port?: number): Promise<string> {
  const service = await world.get(PATHS.service(name));
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate | undefined>();
  const socket = connect(
    {
      host: '127.0.0.1',
      port: port ?? service.spec.ports[0].targetPort,
      servername: `sidecar-injector-${name}.${NAMESPACE}.svc`,
      // Verified below, by the bundle that was published before this was served.
      rejectUnauthorized: false,
    },
    () => resolve(socket.getPeerX509Certificate()),
  );
  socket.on('error', reject);
  const leaf = await promise.finally(() => socket.destroy());
  assert.ok(leaf);
  const configuration = await world.get(PATHS.configuration(name));
  const published = parseCertificates(decode(configuration.webhooks[0].clientConfig.caBundle)) ?? [];
  assert.equal(chainFailure([leaf], published, new Date()), undefined);
  return leaf.serialNumber;
}

async function events(reason: string): Promise<Json[]> {
  return (await world.items(PATHS.events)).filter(
    (event: Json) => event.reason === reason && event.regarding.name === name,
  );
}

async function repairIsTold(pattern: RegExp): Promise<void> {
  await eventually(`an Event says ${pattern.source}`, async () =>
    (await events('Repaired')).some(({ note }) => pattern.test(note)),
  );
}

describe('renewal', () => {
  /** Replaces the certificate by one of the same authority whose time is nearly over. */
  async function age(): Promise<void> {
    const authority = await world.get(`/api/v1/namespaces/${NAMESPACE}/secrets/sidecar-injector-ca`);
    const key = await generatePrivateKey(2048);
    const certificate = await issueServing({
      authority: { certificate: decode(authority.data['ca.crt']), key: decode(authority.data['ca.key']) },
      publicKey: createPublicKey(key),
      identity: { commonName: 'x', dnsNames: [`sidecar-injector-${name}.${NAMESPACE}.svc`], ipAddresses: [] },
      now: new Date(Date.now() - 3 * 3_600_000),
      lifetimeSeconds: 4 * 3600,
    });
    await world.merge(PATHS.secret(name), { data: { 'tls.crt': encode(certificate), 'tls.key': encode(key) } });
  }

  it('of the leaf changes what is served and does not touch the webhook configuration', async () => {
    const before = await world.get(PATHS.configuration(name));
    const serial = await servedSerial();
    await age();
    const renewed = await eventually('another certificate is stored and served', async () => {
      const injector = await world.get(PATHS.injector(name));
      const stored = injector.status.certificate.serialNumber.toUpperCase();
      const halfYear = new Date(injector.status.certificate.notAfter).getTime() - Date.now() > 80 * 86_400_000;
      return stored !== serial && halfYear && (await servedSerial()) === stored && stored;
    });
    assert.notEqual(renewed, serial);
    const after = await world.get(PATHS.configuration(name));
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
    await eventually('no request is left', async () => (await world.items(PATHS.requests)).length === 0);
  });

  it('under another signer never leaves a moment in which what is served is not trusted', async () => {
    const serial = await servedSerial();
    await world.merge(PATHS.injector(name), { spec: { certificate: { signerName: 'kubernetes.io/kubelet-serving' } } });
    let served = serial;
    await eventually('the certificate of the other signer is served', async () => {
      // Fails by itself when the handshake does not verify.
      served = await servedSerial();
      return served !== serial;
    });
    const trusted = async (): Promise<string> =>
      decode((await world.get(PATHS.configuration(name))).webhooks[0].clientConfig.caBundle);
    assert.equal(parseCertificates(await trusted())?.length, 2, 'the old authority is trusted for a while');
    await eventually('the old authority is trusted no more', async () => {
      await servedSerial();
      return parseCertificates(await trusted())?.length === 1;
    });
    const { data, metadata } = await eventually('it is stable', async () => {
      const secret = await world.get(PATHS.secret(name));
      return secret.metadata.annotations['sidecarinjector.dev/rollover'].startsWith('Stable') && secret;
    });
    assert.equal(data['previous.ca.crt'] ?? data['next.tls.crt'], undefined);
    assert.equal(metadata.annotations['sidecarinjector.dev/signer'], 'kubernetes.io/kubelet-serving');
    assert.equal(await trusted(), decode(data['ca.crt']));
    await world.ready(name);
  });
});

describe('a replica that does not lead', () => {
  it('serves what the leader stored, becomes ready by it, and follows a renewal', async () => {
    const follower = await world.startOperator({ leads: false });
    await eventually('it is ready', async () => follower.unreadiness().length === 0 && follower.serving.synced);
    const serial = await servedSerial();
    assert.equal(await servedSerial(follower.port), serial);
    assert.equal(follower.serving.injector(name)?.spec.template.containers?.[0]?.name, `side-${name}`);
    await world.merge(PATHS.injector(name), { spec: { certificate: { signerName: 'kubernetes.io/kubelet-serving' } } });
    await eventually('it serves the new one', async () => {
      const [own, other] = [await servedSerial(follower.port), await servedSerial()];
      assert.deepEqual(follower.unreadiness(), []);
      return own !== serial && own === other;
    });
    await follower.kill();
  });
});

describe('what a hand changes is repaired within 5 s', () => {
  it('a deleted Secret: the same certificate is written back from memory', async () => {
    const serial = await servedSerial();
    const { data } = await world.get(PATHS.secret(name));
    await world.remove(PATHS.secret(name));
    const back = await eventually('the Secret is back', () => world.get(PATHS.secret(name)), REPAIR_MS);
    assert.equal(back.data['tls.crt'], data['tls.crt']);
    assert.equal(await servedSerial(), serial);
    await repairIsTold(/Secret .* was deleted/);
  });

  it('a deleted Secret whose operator died with it: a new certificate, while the old trust is kept', async () => {
    const old = decode((await world.get(PATHS.secret(name))).data['ca.crt']);
    await operator.kill();
    await world.remove(PATHS.secret(name));
    operator = await world.startOperator();
    await eventually(
      'there is a certificate again',
      async () => (await world.get(PATHS.secret(name)))?.data['tls.crt'],
    );
    await eventually('pods are injected', async () => (await world.containersOfNewPod('a')).length === 2);
    const configuration = await world.get(PATHS.configuration(name));
    assert.ok(decode(configuration.webhooks[0].clientConfig.caBundle).includes(old.trim()));
  });

  const broken: [what: string, data: Json][] = [
    ['key', { 'tls.key': encode('-----BEGIN PRIVATE KEY-----\njunk\n-----END PRIVATE KEY-----\n') }],
    ['certificate', { 'tls.crt': encode('junk') }],
    ['anchor', { 'ca.crt': encode('junk') }],
  ];
  for (const [what, data] of broken) {
    it(`a broken ${what} in the Secret`, async () => {
      const serial = await servedSerial();
      const before = await world.get(PATHS.secret(name));
      await world.merge(PATHS.secret(name), { data });
      await eventually(
        'the Secret is as before',
        async () => JSON.stringify((await world.get(PATHS.secret(name))).data) === JSON.stringify(before.data),
        REPAIR_MS,
      );
      assert.equal(await servedSerial(), serial);
      await repairIsTold(/Secret .* was changed/);
    });
  }

  it('a Secret that lost its labels and its owner', async () => {
    await world.merge(PATHS.secret(name), { metadata: { labels: null, ownerReferences: null } });
    const { metadata } = await world.get(PATHS.injector(name));
    await eventually(
      'it is marked again',
      async () => {
        const secret = await world.get(PATHS.secret(name));
        const owner = secret.metadata.ownerReferences?.[0];
        return secret.metadata.labels?.['sidecarinjector.dev/injector'] === name && owner?.uid === metadata.uid;
      },
      REPAIR_MS,
    );
  });

  it('a deleted webhook configuration', async () => {
    await world.remove(PATHS.configuration(name));
    await eventually('it is back', () => world.get(PATHS.configuration(name)), REPAIR_MS);
    await eventually('pods are injected', async () => (await world.containersOfNewPod('a')).length === 2);
    await repairIsTold(/MutatingWebhookConfiguration .* was deleted/);
  });

  const edits: [what: string, edit: (webhooks: Json[]) => void][] = [
    [
      'a garbled caBundle',
      (webhooks) => webhooks.forEach(({ clientConfig }) => Object.assign(clientConfig, { caBundle: encode('x') })),
    ],
    ['an emptied caBundle', (webhooks) => delete webhooks[0].clientConfig.caBundle],
    ['another path', (webhooks) => Object.assign(webhooks[0].clientConfig.service, { path: '/evil' })],
    ['a widened selector', (webhooks) => Object.assign(webhooks[0], { namespaceSelector: {} })],
    ['a missing entry', (webhooks) => webhooks.pop()],
  ];
  for (const [what, edit] of edits) {
    it(`${what} in the webhook configuration`, async () => {
      const before = await world.get(PATHS.configuration(name));
      const edited = structuredClone(before);
      edit(edited.webhooks);
      await world.call('PUT', PATHS.configuration(name), edited);
      await eventually(
        'the webhooks are as before',
        async () =>
          JSON.stringify((await world.get(PATHS.configuration(name))).webhooks) === JSON.stringify(before.webhooks),
        REPAIR_MS,
      );
      assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
      await repairIsTold(/MutatingWebhookConfiguration .* was changed by somebody else/);
    });
  }

  it('a deleted Service', async () => {
    await world.remove(PATHS.service(name));
    await eventually('it is back', () => world.get(PATHS.service(name)), REPAIR_MS);
    await repairIsTold(/Service .* was deleted/);
  });

  it('while the fields of others stay as they are', async () => {
    await world.merge(PATHS.configuration(name), { metadata: { annotations: { 'example.com/mine': 'yes' } } });
    await world.merge(PATHS.configuration(name), { metadata: { labels: { 'app.kubernetes.io/managed-by': 'me' } } });
    const repaired = await eventually('the label is ours again', async () => {
      const configuration = await world.get(PATHS.configuration(name));
      return configuration.metadata.labels['app.kubernetes.io/managed-by'] === 'sidecar-injector' && configuration;
    });
    assert.equal(repaired.metadata.annotations['example.com/mine'], 'yes');
  });
});

describe('a template', () => {
  it('that the API server refuses is not served: the last one that it took stays in force', async () => {
    const bad = { containers: [{ name: 'bad', image: 'i', volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] }] };
    await world.merge(PATHS.injector(name), { spec: { template: bad } });
    const accepted = await eventually('it is refused', async () => {
      const condition = await world.condition(name, 'Accepted');
      return condition?.status === 'False' && condition;
    });
    assert.equal(accepted.reason, 'TemplateRejected');
    assert.match(accepted.message, /volumeMounts\[0\]\.name: Not found: "nowhere"/);
    assert.equal((await world.condition(name, 'Ready')).status, 'False');
    assert.equal((await world.condition(name, 'Stalled')).status, 'True');
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
    const { status, metadata } = await world.get(PATHS.injector(name));
    assert.equal(status.template.acceptedGeneration, metadata.generation - 1);

    // What is in force outlives the process that accepted it.
    await operator.kill();
    operator = await world.startOperator();
    await eventually('pods get the old template', async () =>
      (await world.containersOfNewPod('a')).includes(`side-${name}`),
    );

    await world.merge(PATHS.injector(name), { spec: { template: { containers: [{ name: 'good', image: 'i' }] } } });
    await world.ready(name);
    await eventually('pods get the new template', async () => (await world.containersOfNewPod('a')).includes('good'));
    assert.equal(await world.condition(name, 'Stalled'), undefined);
  });

  it('that is the first one and refused leads to no webhook at all', async () => {
    const volumeMounts = [{ name: 'nowhere', mountPath: '/x' }];
    await world.applyInjector('first', { template: { containers: [{ name: 'bad', image: 'i', volumeMounts }] } });
    await eventually('it is refused', async () => (await world.condition('first', 'Accepted'))?.status === 'False');
    await eventually(
      'it waits',
      async () => (await world.condition('first', 'WebhookConfigured'))?.reason === 'WaitingForTemplate',
    );
    assert.equal(await world.get(PATHS.configuration('first')), undefined);
    await world.remove(PATHS.injector('first'));
  });
});

describe('a paused injector', () => {
  it('is served and left alone, until it is resumed', async () => {
    await world.merge(PATHS.injector(name), { spec: { mode: 'Paused' } });
    await eventually('it says so', async () => (await world.condition(name, 'Ready'))?.reason === 'Paused');
    await world.remove(PATHS.service(name));
    await world.remove(PATHS.configuration(name));
    await eventually('it is seen', async () => (await world.condition(name, 'WebhookConfigured'))?.status === 'False');
    assert.equal(await world.get(PATHS.service(name)), undefined);
    assert.equal(await world.get(PATHS.configuration(name)), undefined);
    await world.merge(PATHS.injector(name), { spec: { mode: 'Enforce' } });
    await world.ready(name);
    assert.notEqual(await world.get(PATHS.configuration(name)), undefined);
  });
});

describe('a new leader', () => {
  it('finds everything in order and writes nothing but what is new: the port that it serves on', async () => {
    await operator.kill();
    const writes: string[] = [];
    let probed = false;
    const wrap = (client: KubeClient): KubeClient => ({
      ...client,
      request: async (options) => {
        const answer = await client.request<never>(options);
        const isWrite = options.method !== undefined && options.method !== 'GET';
        if (isWrite && options.query?.['dryRun'] === 'All') probed = true;
        else if (isWrite) writes.push(`${options.method} ${options.path}`);
        return answer;
      },
    });
    operator = await world.startOperator({ wrap });
    await eventually('it has looked and probed', async () => probed);
    await operator.kill();
    const unexpected = writes.filter((write) => !write.includes('/services/') && !write.includes('selfsubjectreviews'));
    assert.deepEqual(unexpected, []);
  });
});

describe('deletion', () => {
  const all = (): string[] => [PATHS.configuration(name), PATHS.secret(name), PATHS.service(name)];

  it('takes everything with it, and the webhook configuration before the Service that it calls', async () => {
    const gone: string[] = [];
    const stops = ['mutatingwebhookconfigurations', 'secrets', 'services', 'controllerrevisions'].map((plural) => {
      const resource = world.cluster.registry.all().find((candidate) => candidate.plural === plural);
      return world.cluster.store.subscribe(resource?.storageKey ?? '', ({ type, object }) => {
        if (type === 'DELETED' && object.metadata.name.startsWith(`sidecar-injector-${name}`)) gone.push(plural);
      });
    });
    await world.remove(PATHS.injector(name));
    await eventually('one of each kind was deleted', async () => new Set(gone).size === stops.length);
    for (const stop of stops) stop();
    assert.ok(gone.indexOf('mutatingwebhookconfigurations') < gone.indexOf('services'), gone.join());
    // What the operator applied before it heard of the deletion is deleted once more.
    for (const target of all()) {
      await eventually(`${target} is gone`, async () => (await world.get(target)) === undefined);
    }
    assert.deepEqual(await world.containersOfNewPod('a'), ['app']);
    await eventually('the identity is forgotten', async () => operator.serving.served(name) === undefined);
  });

  it('works without the operator: nothing waits for a finalizer', async () => {
    await operator.kill();
    await world.remove(PATHS.injector(name));
    assert.equal(await world.get(PATHS.injector(name)), undefined);
    for (const target of all())
      await eventually(`${target} is gone`, async () => (await world.get(target)) === undefined);
  });
});
