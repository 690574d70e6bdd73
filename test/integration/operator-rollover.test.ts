/** A change of authority with several replicas: at no moment is something served that what is published does not verify. */
import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { chainFailure, parseCertificates } from '../../src/pki/inspect.ts';
import { eventually, NAMESPACE, PATHS, World, type Json, type Operator } from './operator-world.ts';

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
const ROTATE = 'sidecarinjector.dev/rotate';

let world: World;
let operators: Operator[] = [];
before(async () => {
  world = await World.start();
});
afterEach(async () => {
  for (const operator of operators.splice(0)) await operator.kill();
});
after(() => world.stop());

async function start(options: Parameters<World['startOperator']>[0] = {}): Promise<Operator> {
  const operator = await world.startOperator(options);
  operators.push(operator);
  return operator;
}

async function leafAt(name: string, port: number): Promise<X509Certificate> {
  const { promise, resolve, reject } = Promise.withResolvers<X509Certificate | undefined>();
  const servername = `sidecar-injector-${name}.${NAMESPACE}.svc`;
  const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () =>
    resolve(socket.getPeerX509Certificate()),
  );
  socket.on('error', reject);
  const leaf = await promise.finally(() => socket.destroy());
  assert.ok(leaf);
  return leaf;
}

const bundleOf = (configuration: Json): string => decode(configuration.webhooks[0].clientConfig.caBundle);
const phaseIn = (secret: Json): string => secret.metadata.annotations['sidecarinjector.dev/rollover'].split(' ')[0];

/** Asks all replicas again and again what they serve, until the signal; says what was not trusted. */
async function watchTrust(name: string, ports: () => number[], signal: AbortSignal): Promise<string[]> {
  const broken: string[] = [];
  let looks = 0;
  while (!signal.aborted) {
    for (const port of ports()) {
      // A replica that was killed meanwhile serves nothing.
      const leaf = await leafAt(name, port).catch(() => undefined);
      if (leaf === undefined) continue;
      // Older than the handshake or not: a bundle that verifies it is never taken away so soon.
      const published = bundleOf(await world.get(PATHS.configuration(name)));
      const failure = chainFailure([leaf], parseCertificates(published) ?? [], new Date());
      if (failure !== undefined) broken.push(`${port}: ${failure}`);
      looks += 1;
    }
    await sleep(5);
  }
  assert.ok(looks > 10, `looked only ${looks} times`);
  return broken;
}

/** The rollover is over: one authority, other than before, everywhere. */
async function rolledOver(name: string, before: string): Promise<void> {
  await eventually(
    `the authority of ${name} was changed`,
    async () => {
      const secret = await world.get(PATHS.secret(name));
      const bundle = bundleOf(await world.get(PATHS.configuration(name)));
      return phaseIn(secret) === 'Stable' && bundle !== before && bundle === decode(secret.data['ca.crt']);
    },
    30_000,
  );
}

async function injectorWithThreeReplicas(name: string): Promise<string> {
  await start();
  await start({ leads: false });
  await start({ leads: false });
  await world.applyInjector(name, { webhook: { failurePolicy: 'Fail' } });
  await world.ready(name);
  await eventually('all serve', async () => operators.every(({ serving }) => serving.served(name) !== undefined));
  return bundleOf(await world.get(PATHS.configuration(name)));
}

describe('a rollover to another authority', () => {
  it('goes widen, canary, promote, narrow, and is trusted at every moment on every replica', async () => {
    const name = 'rolls';
    const old = await injectorWithThreeReplicas(name);
    const writes: string[] = [];
    const note = (plural: string, tell: (object: Json) => string): (() => void) => {
      const resource = world.cluster.registry.all().find((candidate) => candidate.plural === plural);
      return world.cluster.store.subscribe(resource?.storageKey ?? '', ({ object }) => {
        if (!object.metadata.name.startsWith(`sidecar-injector-${name}`)) return;
        const text = tell(object);
        if (writes.at(-1) !== text) writes.push(text);
      });
    };
    const stops = [
      note('secrets', phaseIn),
      note('mutatingwebhookconfigurations', (object) => `${parseCertificates(bundleOf(object))?.length} trusted`),
    ];
    const watching = new AbortController();
    const broken = watchTrust(name, () => operators.map(({ port }) => port), watching.signal);
    const serials = new Set<string>();
    await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: 'ca-1' } } });
    await eventually('a canary serves alone', async () => {
      const now = await Promise.all(operators.map(({ port }) => leafAt(name, port)));
      for (const { serialNumber } of now) serials.add(serialNumber);
      return new Set(now.map(({ serialNumber }) => serialNumber)).size === 2;
    });
    await rolledOver(name, old);
    watching.abort();
    for (const stop of stops) stop();
    assert.deepEqual(await broken, []);
    // The old certificate is gone from everywhere.
    const { data } = await world.get(PATHS.secret(name));
    assert.deepEqual(
      Object.keys(data).toSorted(),
      ['ca.crt', 'tls.crt', 'tls.key'],
      'nothing is left of the rollover in the Secret',
    );
    assert.deepEqual(
      writes.filter((text, index) => text !== 'Stable' || index === writes.length - 1),
      ['Staged', '2 trusted', 'Canary', 'Promoted', 'Narrowing', '1 trusted', 'Stable'],
    );
    assert.equal(serials.size, 2);
    await world.ready(name);
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
    await world.remove(PATHS.injector(name));
  });

  it('of the leaf alone is asked for by an annotation, too, and changes no trust', async () => {
    const name = 'leaf';
    await start();
    await world.applyInjector(name);
    const { status } = await world.ready(name);
    const before = await world.get(PATHS.configuration(name));
    await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: '2026-11-23' } } });
    await eventually('another certificate is there', async () => {
      const injector = await world.get(PATHS.injector(name));
      return injector.status.certificate.serialNumber !== status.certificate.serialNumber;
    });
    const { certificate } = (await world.ready(name)).status;
    const after = await world.get(PATHS.configuration(name));
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
    // Once is enough.
    await eventually('no request is left', async () => (await world.items(PATHS.requests)).length === 0);
    assert.equal((await world.get(PATHS.injector(name))).status.certificate.serialNumber, certificate.serialNumber);
    await world.remove(PATHS.injector(name));
  });

  it('waits for a replica that does not follow', async () => {
    const name = 'waits';
    const old = await injectorWithThreeReplicas(name);
    const resource = world.cluster.registry.all().find(({ plural }) => plural === 'leases');
    assert.ok(resource);
    // A replica whose watch is dead: it says what it served and shows signs of life.
    const port = operators[1]?.port ?? 0;
    const served = operators[1]?.serving.served(name)?.fingerprint ?? '';
    const secret = (await world.get(PATHS.secret(name))).metadata.uid;
    const report = {
      replica: 'deaf',
      host: '127.0.0.1',
      port: 1,
      injectors: { [name]: { secret, seq: 1, served, trusts: '', refusals: 0 } },
    };
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: 'sidecar-injector-replica-deaf',
        namespace: NAMESPACE,
        labels: { 'sidecarinjector.dev/replica': 'true' },
        annotations: { 'sidecarinjector.dev/report': JSON.stringify(report) },
      },
      spec: { holderIdentity: 'deaf' },
    };
    await world.apply(lease);
    await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: 'ca-2' } } });
    await eventually('it is waited for', async () => {
      const condition = await world.condition(name, 'CertificateReady');
      return /deaf has not seen the new trust yet/.test(condition?.message ?? '');
    });
    assert.equal((await leafAt(name, port)).fingerprint256.replaceAll(':', '').toLowerCase(), served);
    await world.remove(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/sidecar-injector-replica-deaf`);
    await rolledOver(name, old);
    await world.remove(PATHS.injector(name));
  });
});

describe('a leader that is killed in a rollover', () => {
  /** A client that dies after its write number `last` of a Secret or a configuration: the answer is lost. */
  function dying(last: number, armed: () => boolean, died: () => void): (client: KubeClient) => KubeClient {
    let writes = 0;
    return (client) => ({
      server: client.server,
      namespace: client.namespace,
      request: async (options) => {
        if (writes > last) throw new Error('the process is dead');
        const write = options.method !== undefined && options.method !== 'GET' && options.query?.['dryRun'] !== 'All';
        const answer = await client.request<never>(options);
        if (!write || !armed() || !/secrets|mutatingwebhook/.test(options.path)) return answer;
        writes += 1;
        if (writes <= last) return answer;
        died();
        throw new Error('the process died');
      },
      stream: (options) => client.stream(options),
      close: () => client.close(),
    });
  }

  it('at any of its writes leaves what the next one brings to an end, and no replica is untrusted', async () => {
    const name = 'crash';
    let deaths = 0;
    for (let last = 0; last < 20; last += 1) {
      let dead = false;
      let armed = false;
      await start({
        wrap: dying(
          last,
          () => armed,
          () => {
            dead = true;
          },
        ),
      });
      await start({ leads: false });
      await world.applyInjector(name, { webhook: { failurePolicy: 'Fail' } });
      await world.ready(name);
      await eventually('all serve', async () => operators.every(({ serving }) => serving.served(name) !== undefined));
      const old = bundleOf(await world.get(PATHS.configuration(name)));
      const watching = new AbortController();
      const broken = watchTrust(name, () => operators.map(({ port }) => port), watching.signal);
      armed = true;
      await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: `ca-${last}` } } });
      const done = rolledOver(name, old).then(() => true);
      const first = await Promise.race([done, eventually('it dies', async () => dead, 40_000).then(() => false)]);
      if (!first) {
        deaths += 1;
        await operators.shift()?.kill();
        await start();
        await done;
      }
      watching.abort();
      assert.deepEqual(await broken, [], `after a death at write ${last}`);
      // The Service may not lead to the new leader yet.
      const injected = (): Promise<boolean> =>
        world.containersOfNewPod('a').then(
          (containers) => containers.includes(`side-${name}`),
          () => false,
        );
      await eventually('pods are injected', injected);
      for (const operator of operators.splice(0)) await operator.kill();
      if (first) break;
    }
    // Key, stage, widen, canary, promote, narrowing, narrow, stable.
    assert.ok(deaths >= 8, `only ${deaths} deaths`);
    await world.remove(PATHS.injector(name));
  });
});
