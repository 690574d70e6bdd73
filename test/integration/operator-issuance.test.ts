/** Issuance with every kind of signer, and what becomes of an operator that dies in the middle of it. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { chainFailure, parseCertificates } from '../../src/pki/inspect.ts';
import { dyingAfter, eventually, NAMESPACE, PATHS, World, type Json } from './operator-world.ts';

const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

describe('issuance', () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  async function certificateOf(name: string): Promise<{ leaf: X509Certificate; anchors: string; bundle: string }> {
    const secret = await world.get(PATHS.secret(name));
    const configuration = await world.get(PATHS.configuration(name));
    return {
      leaf: new X509Certificate(decode(secret.data['tls.crt'])),
      anchors: decode(secret.data['ca.crt']),
      bundle: decode(configuration.webhooks[0].clientConfig.caBundle),
    };
  }

  it('works with our own signer, from apply to an injected pod, and leaves no request behind', async () => {
    const operator = await world.startOperator();
    await world.applyInjector('own');
    const injector = await world.ready('own');
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', 'side-own']);
    const { leaf, anchors, bundle } = await certificateOf('own');
    assert.equal(leaf.checkHost('sidecar-injector-own.sidecar-injector-system.svc') !== undefined, true);
    assert.equal(leaf.verify(new X509Certificate(anchors).publicKey), true);
    assert.equal(bundle, anchors);
    assert.equal(injector.status.certificate.serialNumber, leaf.serialNumber.toLowerCase());
    assert.equal((await world.get(PATHS.secret('own'))).data['pending.key'], undefined);
    assert.deepEqual(await world.items(PATHS.requests), []);
    assert.deepEqual(operator.unreadiness(), []);
    await world.remove(PATHS.injector('own'));
    await operator.kill();
  });

  it('works with kubernetes.io/kubelet-serving: the cluster signs, the operator approves', async () => {
    const operator = await world.startOperator();
    await world.applyInjector('kubelet', { certificate: { signerName: 'kubernetes.io/kubelet-serving' } });
    await world.ready('kubelet');
    const { leaf, bundle } = await certificateOf('kubelet');
    assert.match(leaf.subject, /O=system:nodes/);
    assert.match(leaf.subject, /CN=system:node:/);
    assert.equal(chainFailure([leaf], parseCertificates(bundle) ?? [], new Date()), undefined);
    assert.deepEqual(await world.containersOfNewPod('a'), ['app', 'side-kubelet']);
    await world.remove(PATHS.injector('kubelet'));
    await operator.kill();
  });

  const requestOf = (name: string): Promise<Json> =>
    eventually(`a request of ${name}`, async () =>
      (await world.items(PATHS.requests)).find(
        ({ metadata }: Json) => metadata.labels['sidecarinjector.dev/injector'] === name,
      ),
    );

  async function judge(request: Json, condition: Json): Promise<void> {
    const { metadata } = request;
    const now = new Date().toISOString().slice(0, 19) + 'Z';
    const conditions = [{ status: 'True', lastUpdateTime: now, ...condition }];
    await world.call('PUT', `${PATHS.requests}/${metadata.name}/approval`, { ...request, status: { conditions } });
  }

  it('tells of a foreign signer that nobody approves for, that denies, and asks again after a while', async () => {
    const operator = await world.startOperator();
    await world.applyInjector('foreign', { certificate: { signerName: 'example.com/signer' } });
    const request = await requestOf('foreign');
    await eventually('the condition says that approval is missing', async () => {
      const condition = await world.condition('foreign', 'CertificateReady');
      return condition?.reason === 'Pending' && /waits for somebody to approve/.test(condition.message);
    });
    assert.equal((await world.get(`${PATHS.requests}/${request.metadata.name}`)).status.conditions, undefined);
    assert.equal(await world.get(PATHS.configuration('foreign')), undefined);

    await judge(request, { type: 'Denied', reason: 'Policy', message: 'not on my watch' });
    await eventually('the words of the denial are told', async () => {
      const condition = await world.condition('foreign', 'CertificateReady');
      return condition?.reason === 'Denied' && /Policy: not on my watch/.test(condition.message);
    });
    assert.equal((await world.condition('foreign', 'Stalled'))?.status, 'True');
    const second = await eventually('a new request for a new key', async () => {
      const next = await requestOf('foreign');
      return next.metadata.name !== request.metadata.name && next;
    });
    assert.notEqual(second.spec.request, request.spec.request);
    await world.remove(PATHS.injector('foreign'));
    await operator.kill();
  });

  it('without the right to approve for kubelet-serving says what to type, and goes on when somebody typed it', async () => {
    const operator = await world.startOperator();
    const binding = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/sidecar-injector-kubelet-serving';
    const granted = await world.get(binding);
    await world.remove(binding);
    await world.applyInjector('manual', { certificate: { signerName: 'kubernetes.io/kubelet-serving' } });
    const request = await requestOf('manual');
    await eventually('the condition says what to type', async () => {
      const { message = '' } = (await world.condition('manual', 'CertificateReady')) ?? {};
      return (
        message.includes(`kubectl certificate approve ${request.metadata.name}`) && message.includes('not permitted')
      );
    });
    await judge(request, { type: 'Approved' });
    await world.ready('manual');
    const { resourceVersion: _, uid: __, ...metadata } = granted.metadata;
    await world.call('POST', path.dirname(binding), { ...granted, metadata });
    await world.remove(PATHS.injector('manual'));
    await operator.kill();
  });

  it('leaves an object of another controller alone and says that it is in the way', async () => {
    const operator = await world.startOperator();
    const { uid } = (
      await world.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'other', namespace: NAMESPACE } })
    ).metadata;
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid, controller: true };
    const metadata = { name: 'sidecar-injector-taken', namespace: NAMESPACE, ownerReferences: [owner] };
    await world.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 1 }] } });
    await world.applyInjector('taken');
    await eventually('the condition says so', async () => {
      const { message = '' } = (await world.condition('taken', 'Reconciling')) ?? {};
      return message.includes('Service sidecar-injector-taken exists and belongs to somebody else');
    });
    await world.remove(PATHS.injector('taken'));
    await operator.kill();
  });

  it('does not promote a certificate for another key, though the API server stores it', async () => {
    const operator = await world.startOperator();
    await world.applyInjector('victim', { certificate: { signerName: 'example.com/signer' } });
    const request = await requestOf('victim');
    await judge(request, { type: 'Approved' });
    const approved = await world.get(`${PATHS.requests}/${request.metadata.name}`);
    const certificate = Buffer.from(world.cluster.caPem).toString('base64');
    await world.call('PUT', `${PATHS.requests}/${request.metadata.name}/status`, {
      ...approved,
      status: { ...approved.status, certificate },
    });
    await eventually(
      'the certificate is refused',
      async () => (await world.condition('victim', 'CertificateReady'))?.reason === 'Invalid',
    );
    assert.equal((await world.get(PATHS.secret('victim'))).data['tls.crt'], '');
    await world.remove(PATHS.injector('victim'));
    await operator.kill();
  });
});

describe('an operator that is killed', () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  it('after any of its writes leaves a state from which the next one gets to Ready', async () => {
    let last = 0;
    for (let complete = false; !complete; last += 1) {
      const name = `crash-${last}`;
      let dead = false;
      const wrap = dyingAfter(last, () => {
        dead = true;
      });
      const first = await world.startOperator({ wrap });
      await world.applyInjector(name);
      complete = await eventually('dead or ready', async () => {
        if (dead) return 'dead';
        return (await world.condition(name, 'Ready'))?.status === 'True' && 'ready';
      }).then((end) => end === 'ready');
      await first.kill();

      const second = await world.startOperator();
      await world.ready(name);
      // The status may still be the word of the dead one; pods are not fooled by it.
      await eventually(`a pod is injected after a death after write ${last}`, async () =>
        (await world.containersOfNewPod('a')).includes(`side-${name}`),
      );
      await eventually('no request is left', async () => (await world.items(PATHS.requests)).length === 0);
      await eventually('the replica is ready', async () => second.unreadiness().length === 0);
      await world.remove(PATHS.injector(name));
      await eventually(
        'all is removed',
        async () =>
          (await world.get(PATHS.secret(name))) === undefined &&
          (await world.get(PATHS.configuration(name))) === undefined,
      );
      await second.kill();
    }
    // Service, trial, revision, key, request, approval, signature, promotion, configuration, probe, status: fewer would prove nothing.
    assert.ok(last > 11, `only ${last} writes were cut off`);
  });
});
