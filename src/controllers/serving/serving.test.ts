import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { desiredWebhookConfiguration } from '../../domain/plan-objects.ts';
import { templateRevision } from '../../domain/revision.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { silentLogger } from '../../observe/log.ts';
import { createAuthority, issueServing, type Authority } from '../../pki/authority.ts';
import { generatePrivateKey } from '../../pki/keys.ts';
import type { Caches } from '../caches.ts';
import { controllerRevision } from '../revisions.ts';
import { NO_STATE, writeState } from '../secret.ts';
import { Serving } from './serving.ts';

/** What Serving needs of a cache, set by hand. */
class StubCache {
  readonly name: string;
  hasSynced = true;
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners: ((change: { object: KubeObject }) => void)[] = [];
  constructor(name: string) {
    this.name = name;
  }
  get(name: string): KubeObject | undefined {
    return this.#objects.get(name);
  }
  list(): KubeObject[] {
    return [...this.#objects.values()];
  }
  onChange(listener: (change: { object: KubeObject }) => void): () => void {
    this.#listeners.push(listener);
    return () => undefined;
  }
  put(object: KubeObject): void {
    this.#objects.set(object.metadata.name, object);
    for (const listener of this.#listeners) listener({ object });
  }
  drop(object: KubeObject): void {
    this.#objects.delete(object.metadata.name);
    for (const listener of this.#listeners) listener({ object });
  }
}

const clock = new ManualClock(Date.parse('2026-06-01T00:00:00Z'));
const now = new Date(clock.now());
const operator = { namespace: 'ns', webhookPort: 1 };
const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'u1', generation: 1 },
  spec: {
    selection: { namespaceSelector: { matchLabels: { a: 'b' } } },
    template: { containers: [{ name: 'one', image: 'i' }] },
  },
};
const [first, second] = await Promise.all(
  ['first', 'second'].map((name) => createAuthority({ name, now, lifetimeSeconds: 86_400, keySize: 2048 })),
);
assert.ok(first && second);

async function secretBy(authority: Authority): Promise<KubeObject> {
  const key = await generatePrivateKey(2048);
  const certificate = await issueServing({
    authority,
    publicKey: createPublicKey(key),
    identity: { commonName: 'x', dnsNames: ['sidecar-injector-nginx.ns.svc'], ipAddresses: [] },
    now,
    lifetimeSeconds: 3600,
  });
  return writeState(injector, 'ns', { ...NO_STATE, certificate, key, anchors: authority.certificate }, undefined);
}
const configuration = (bundle: string): KubeObject => desiredWebhookConfiguration(injector, operator, bundle);

function start(): { caches: Record<keyof Caches, StubCache>; serving: Serving } {
  const caches = {
    injectors: new StubCache('injectors'),
    secrets: new StubCache('secrets'),
    revisions: new StubCache('revisions'),
    webhookConfigurations: new StubCache('webhookConfigurations'),
    services: new StubCache('services'),
    namespaces: new StubCache('namespaces'),
  };
  const serving = new Serving({
    caches: caches as unknown as Caches,
    operator,
    clock,
    log: silentLogger,
    settleMs: 2000,
  });
  serving.start();
  return { caches, serving };
}

const SNI = 'sidecar-injector-nginx.ns.svc';
const both = first.certificate + second.certificate;

test('a new authority is served only after its trust has been published for a while', async () => {
  const { caches, serving } = start();
  caches.injectors.put(injector);
  caches.secrets.put(await secretBy(first));
  caches.webhookConfigurations.put(configuration(first.certificate));
  const old = serving.contextFor(SNI);
  assert.ok(old);

  caches.secrets.put(await secretBy(second));
  assert.equal(serving.contextFor(SNI), old, 'not published yet');
  await clock.advance(60_000);
  assert.equal(serving.contextFor(SNI), old, 'still not published');
  caches.webhookConfigurations.put(configuration(both));
  await clock.advance(1999);
  assert.equal(serving.contextFor(SNI), old, 'published a moment ago');
  assert.deepEqual(serving.unreadiness(), []);
  await clock.advance(1);
  assert.notEqual(serving.contextFor(SNI), old);
  assert.deepEqual(serving.unreadiness(), []);
});

test('a renewal under the same authority is served at once, and the Secret may go missing', async () => {
  const { caches, serving } = start();
  caches.injectors.put(injector);
  caches.webhookConfigurations.put(configuration(first.certificate));
  assert.match(serving.unreadiness().join(), /no certificate to serve/);
  caches.secrets.put(await secretBy(first));
  const old = serving.contextFor(SNI);
  const renewed = await secretBy(first);
  caches.secrets.put(renewed);
  const context = serving.contextFor(SNI);
  assert.notEqual(context, old);
  caches.secrets.drop(renewed);
  assert.equal(serving.contextFor(SNI), context);
  assert.deepEqual(serving.unreadiness(), []);
});

test('a certificate that came while the clock was wrong is served once the clock is right', async () => {
  const { caches, serving } = start();
  caches.injectors.put(injector);
  caches.webhookConfigurations.put(configuration(first.certificate));
  caches.secrets.put(await secretBy(first));
  const old = serving.contextFor(SNI);
  const day = 86_400_000;
  clock.set(-day);
  caches.secrets.put(await secretBy(first));
  assert.equal(serving.contextFor(SNI), old, 'it is not valid yet');
  clock.set(day);
  await clock.advance(5000);
  assert.notEqual(serving.contextFor(SNI), old);
});

test('a bundle that does not verify what is served is no fault of a replica: others would serve the same', async () => {
  const { caches, serving } = start();
  caches.injectors.put(injector);
  caches.secrets.put(await secretBy(first));
  assert.deepEqual(serving.called(), [], 'nobody calls before there is a configuration');
  for (const bundle of [second.certificate, 'garbled', '']) {
    caches.webhookConfigurations.put(configuration(bundle));
    assert.deepEqual(serving.unreadiness(), []);
    assert.deepEqual(serving.called(), [], 'a handshake would tell nothing of this replica');
  }
  caches.webhookConfigurations.put(configuration(both));
  assert.deepEqual(
    serving.called().map(({ bundle }) => bundle),
    [both],
  );
});

test('an identity is forgotten when injector and configuration are gone, not earlier', async () => {
  const { caches, serving } = start();
  caches.injectors.put(injector);
  caches.secrets.put(await secretBy(first));
  caches.webhookConfigurations.put(configuration(first.certificate));
  caches.injectors.drop(injector);
  assert.ok(serving.contextFor(SNI));
  caches.webhookConfigurations.drop(configuration(first.certificate));
  assert.equal(serving.contextFor(SNI), undefined);
});

test('what is served is the accepted template, not the one in spec', () => {
  const { caches, serving } = start();
  const accepted = templateRevision(injector);
  const status = { template: { revision: accepted } };
  assert.equal(serving.injector('nginx'), undefined);
  caches.injectors.put(injector);
  assert.equal(serving.injector('nginx'), undefined, 'nothing has been accepted yet');
  const withStatus = { ...injector, status };
  caches.injectors.put(withStatus);
  assert.equal(serving.injector('nginx')?.spec.template.containers?.[0]?.name, 'one');

  const changed = {
    ...injector,
    status,
    spec: { ...injector.spec, mode: 'Audit', template: { containers: [{ name: 'two', image: 'i' }] } },
  };
  caches.revisions.put(controllerRevision(injector, 'ns'));
  caches.injectors.put(changed);
  const served = serving.injector('nginx');
  assert.equal(served?.spec.template.containers?.[0]?.name, 'one');
  assert.equal(served?.spec.mode, 'Audit', 'all but the template is taken at once');
});
