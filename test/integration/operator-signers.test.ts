/** A signer outside the operator, played by the test: it approves, signs, and changes its authority. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import forge from 'node-forge';
import { createAuthority, issueServing, type Authority } from '../../src/pki/authority.ts';
import { parseCertificates } from '../../src/pki/inspect.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { createRequest } from '../../src/pki/requests.ts';
import { eventually, NAMESPACE, PATHS, World, type Json } from './operator-world.ts';

const SIGNER = 'clusterissuers.cert-manager.io/test';
const ROTATE = 'sidecarinjector.dev/rotate';
const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

let world: World;
/** Who signs now. */
let authority: Authority;
const ending = new AbortController();
let signing: Promise<void>;

/** Approves and signs whatever is asked of the signer. */
async function sign(): Promise<void> {
  while (!ending.signal.aborted) {
    for (const request of await world.items(PATHS.requests)) {
      if (request.spec.signerName === SIGNER && request.status?.certificate === undefined) {
        await signOne(request).catch(() => undefined);
      }
    }
    await sleep(20);
  }
}

async function signOne(request: Json): Promise<void> {
  const target = `${PATHS.requests}/${request.metadata.name}`;
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'by the test' }];
  const approved = await world.call('PUT', `${target}/approval`, { ...request, status: { conditions } });
  const asked = forge.pki.certificationRequestFromPem(decode(request.spec.request));
  if (asked.publicKey === null) throw new Error('no key');
  const name = request.metadata.labels['sidecarinjector.dev/injector'];
  const leaf = await issueServing({
    authority,
    publicKey: createPublicKey(forge.pki.publicKeyToPem(asked.publicKey)),
    identity: { commonName: 'x', dnsNames: [`sidecar-injector-${name}.${NAMESPACE}.svc`], ipAddresses: [] },
    now: new Date(),
    lifetimeSeconds: 90 * 86_400,
  });
  const status = { ...approved.status, certificate: encode(leaf) };
  await world.call('PUT', `${target}/status`, { ...approved, status });
}

async function configure(...authorities: Authority[]): Promise<void> {
  await world.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'signer-ca', namespace: NAMESPACE },
    data: { 'ca.crt': authorities.map(({ certificate }) => certificate).join('') },
  });
}

async function trusted(name: string): Promise<string[]> {
  const { webhooks } = await world.get(PATHS.configuration(name));
  return (parseCertificates(decode(webhooks[0].clientConfig.caBundle)) ?? [])
    .map(({ serialNumber }) => serialNumber)
    .toSorted();
}

const serials = (...authorities: Authority[]): string[] =>
  authorities
    .flatMap(({ certificate }) => parseCertificates(certificate) ?? [])
    .map(({ serialNumber }) => serialNumber)
    .toSorted();

const isStable = async (name: string): Promise<boolean> =>
  (await world.get(PATHS.secret(name))).metadata.annotations['sidecarinjector.dev/rollover'].startsWith('Stable');

const makeAuthority = (name: string): Promise<Authority> =>
  createAuthority({ name, now: new Date(), lifetimeSeconds: 365 * 86_400, keySize: 2048 });

before(async () => {
  world = await World.start();
  authority = await makeAuthority('first');
  signing = sign();
});
after(async () => {
  ending.abort();
  await signing;
  await world.stop();
});

describe('a signer of somebody else', () => {
  it('is trusted by what caBundleFrom names, through a change of its authority', async () => {
    const name = 'named';
    await configure(authority);
    const operator = await world.startOperator();
    await world.applyInjector(name, {
      certificate: { signerName: SIGNER, caBundleFrom: { configMap: { name: 'signer-ca' } } },
    });
    await world.ready(name);
    assert.deepEqual(await trusted(name), serials(authority));

    const first = authority;
    const second = await makeAuthority('second');
    await configure(first, second);
    // What caBundleFrom names is not watched, but any change of the injector makes the operator look.
    await world.merge(PATHS.injector(name), { metadata: { annotations: { look: 'now' } } });
    const both = serials(first, second).join();
    await eventually('both are trusted', async () => (await trusted(name)).join() === both && isStable(name));

    authority = second;
    await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: 'now' } } });
    await eventually('the new authority has signed', async () => {
      const secret = await world.get(PATHS.secret(name));
      const leaf = parseCertificates(decode(secret.data['tls.crt']))?.[0];
      const root = parseCertificates(second.certificate)?.[0];
      return leaf !== undefined && root !== undefined && leaf.verify(root.publicKey) && isStable(name);
    });
    await configure(second);
    await world.merge(PATHS.injector(name), { metadata: { annotations: { look: 'again' } } });
    const alone = serials(second).join();
    await eventually('only the new one is trusted', async () => (await trusted(name)).join() === alone);
    await eventually('pods are injected', async () => (await world.containersOfNewPod('a')).length === 2);
    await world.remove(PATHS.injector(name));
    await operator.kill();
  });

  it('without a known authority is trusted by the certificate itself, and each renewal is a rollover', async () => {
    const name = 'pinned';
    const operator = await world.startOperator();
    await world.applyInjector(name, { certificate: { signerName: SIGNER }, webhook: { failurePolicy: 'Fail' } });
    await world.ready(name);
    const leaf = async (): Promise<string> =>
      parseCertificates(decode((await world.get(PATHS.secret(name))).data['tls.crt']))?.[0]?.serialNumber ?? '';
    const before = await leaf();
    assert.deepEqual(await trusted(name), [before]);
    await world.merge(PATHS.injector(name), { metadata: { annotations: { [ROTATE]: 'now' } } });
    await eventually('both are trusted', async () => (await trusted(name)).length === 2);
    await eventually('the new one alone is trusted', async () => {
      assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
      const after = await leaf();
      return after !== before && (await trusted(name)).join() === after;
    });
    await world.remove(PATHS.injector(name));
    await operator.kill();
  });

  it('whose authority cannot be found keeps the injector from working, and says why', async () => {
    const name = 'lost';
    const operator = await world.startOperator();
    await world.applyInjector(name, {
      certificate: { signerName: SIGNER, caBundleFrom: { configMap: { name: 'nowhere' } } },
    });
    await eventually('it is told', async () => {
      const { message = '' } = (await world.condition(name, 'CertificateReady')) ?? {};
      return message.includes(`ConfigMap ${NAMESPACE}/nowhere does not exist`);
    });
    await world.remove(PATHS.injector(name));
    await operator.kill();
  });
});

describe("the operator's own signer", () => {
  it('denies what somebody else asks of it, and says why', async () => {
    const operator = await world.startOperator();
    const key = await generatePrivateKey(2048);
    const identity = { commonName: 'x', dnsNames: ['sidecar-injector-own.other.svc'], ipAddresses: [] };
    const request = await createRequest(createPrivateKey(key), identity);
    await world.call('POST', PATHS.requests, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'stranger' },
      spec: {
        request: encode(request),
        signerName: 'sidecarinjector.dev/webhook-serving',
        usages: ['digital signature', 'key encipherment', 'server auth'],
      },
    });
    const denied = await eventually('it is denied', async () => {
      const { status } = await world.get(`${PATHS.requests}/stranger`);
      return status?.conditions?.find(({ type }: Json) => type === 'Denied');
    });
    assert.match(denied.message, /serves only the operator; this request was made by /);
    assert.equal((await world.get(`${PATHS.requests}/stranger`)).status.certificate, undefined);
    await world.remove(`${PATHS.requests}/stranger`);
    await operator.kill();
  });

  it('has an authority again within 5 s after somebody deleted or spoilt it, and an Event says so', async () => {
    const name = 'cared';
    const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/sidecar-injector-ca`;
    const operator = await world.startOperator();
    await world.applyInjector(name);
    await world.ready(name);
    const before = (await world.get(secret)).data['ca.crt'];
    await world.remove(secret);
    const made = await eventually('there is another one', async () => (await world.get(secret))?.data['ca.crt'], 5000);
    assert.notEqual(made, before);
    await world.merge(secret, { data: { 'ca.key': encode('junk') } });
    await eventually('the spoilt one is replaced', async () => (await world.get(secret)).data['ca.crt'] !== made, 5000);
    await eventually('an Event says so', async () =>
      (await world.items(PATHS.events)).some(
        ({ reason, note, regarding }: Json) =>
          reason === 'AuthorityReplaced' && regarding.name === name && /there is none/.test(note),
      ),
    );
    // What was signed before goes on to be trusted.
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', `side-${name}`]);
    const [serial] = await trusted(name);
    assert.equal(serial, parseCertificates(decode(before))?.[0]?.serialNumber);
    await world.remove(PATHS.injector(name));
    await operator.kill();
  });
});
