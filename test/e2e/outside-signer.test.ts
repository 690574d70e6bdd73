/** A signer that is neither the operator's nor the cluster's: what it does well, and everything that it can do wrong. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Authority } from '../../src/pki/authority.ts';
import { askForRotation, atRest, requestsOf, stateOf } from './support/certificates.ts';
import { startCreating } from './support/creating.ts';
import { applyReady, condition, deleteInjector, injectorNamed, useOperator } from './support/fixture.ts';
import { OPERATOR_NAMESPACE } from './support/installation.ts';
import { applyAll } from './support/objects.ts';
import { makeAuthority, OUTSIDE_SIGNER, OutsideSigner, type Conduct } from './support/outside-signer.ts';
import { until } from '../support/until.ts';

const fixture = useOperator();
/** A refused request is followed by another one after 5 s. */
const PATIENCE_MS = 20_000;

describe('an outside signer', () => {
  let client: KubeClient;
  let signer: OutsideSigner;
  let stranger: Authority;
  before(async () => {
    ({ client } = fixture);
    signer = new OutsideSigner(client, await makeAuthority('first'));
    stranger = await makeAuthority('stranger');
  });
  after(() => signer?.stop());

  const spec = (certificate: object = {}): Record<string, unknown> => ({
    certificate: { signerName: OUTSIDE_SIGNER, ...certificate },
    webhook: { failurePolicy: 'Fail' },
  });
  const signedBy = async (name: string, { certificate }: Authority): Promise<boolean> => {
    const leaf = new X509Certificate((await stateOf(client, name)).certificate);
    return leaf.verify(new X509Certificate(certificate).publicKey);
  };

  test('that signs is trusted by the root that it sends along; a renewal and a new root fail no pod', async (t) => {
    const name = 'signed';
    const namespace = await applyReady(client, injectorNamed(name, spec()));
    const first = await atRest(client, name);
    assert.equal(first.anchors.trim(), signer.authority.certificate.replaceAll('\r', '').trim());
    assert.ok(await signedBy(name, signer.authority));
    const creating = startCreating(client, namespace, `${name}-sidecar`);

    await askForRotation(client, name, 'leaf-1');
    const renewed = await atRest(client, name, { wish: 'leaf-1' });
    assert.notEqual(renewed.certificate, first.certificate);
    assert.equal(renewed.anchors, first.anchors);

    signer.authority = await makeAuthority('second');
    await askForRotation(client, name, 'leaf-2');
    const rolled = await atRest(client, name, { wish: 'leaf-2' });
    assert.notEqual(rolled.anchors, first.anchors);
    assert.ok(await signedBy(name, signer.authority));
    await creating.stop();
    assert.deepEqual(creating.failures, []);
    t.diagnostic(`${creating.pods} pods`);
    await deleteInjector(client, name);
  });

  const faults: [name: string, conduct: Conduct, reason: string, message: RegExp][] = [
    ['unseen', 'Ignore', 'Pending', /waits for somebody to approve it .*kubectl certificate approve sidecar-injector-/],
    ['unanswered', 'Silence', 'Pending', /is approved and waits for the signer clusterissuers\.cert-manager\.io\/test/],
    ['denied', 'Deny', 'Denied', /was denied: PolicyViolation: not on my watch/],
    ['failed', 'Fail', 'Failed', /failed: SignerFault: the signing machine is on fire/],
    ['garbled', 'Garbage', 'Invalid', /the certificate issued for \S+ .*key/],
  ];
  for (const [name, conduct, reason, message] of faults) {
    test(`that meets a request with "${conduct}" is told of as ${reason}, in its own words`, async () => {
      signer.treat(name, conduct);
      await applyAll(client, [injectorNamed(name, spec())]);
      await until(`${name} is told of`, async () => {
        const told = await condition(client, name, 'CertificateReady', 'False');
        assert.equal(told.reason, reason);
        return message.test(told.message) || assert.fail(told.message);
      });
      const ready = await condition(client, name, 'Ready', 'False');
      assert.match(ready.message, message);
    });
  }

  test('that nobody trusts, by what caBundleFrom names, is told of as Invalid', async () => {
    const name = 'distrusted';
    const data = { 'ca.crt': stranger.certificate };
    const metadata = { name: 'outside-ca', namespace: OPERATOR_NAMESPACE };
    await applyAll(client, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as never]);
    await applyAll(client, [injectorNamed(name, spec({ caBundleFrom: { configMap: { name: 'outside-ca' } } }))]);
    await until('it is told of', async () => {
      const { reason, message } = await condition(client, name, 'CertificateReady', 'False');
      return (
        (reason === 'Invalid' && /unable to|not verif|issuer/.test(message)) || assert.fail(`${reason}: ${message}`)
      );
    });
    await deleteInjector(client, name);
  });

  test('that comes to its senses is asked again, by another key', async () => {
    const [before] = await requestsOf(client, 'failed');
    signer.treat('failed', 'Sign');
    await condition(client, 'failed', 'Ready', 'True', PATIENCE_MS);
    await atRest(client, 'failed');
    assert.notEqual((await stateOf(client, 'failed')).requestName, before?.metadata.name);
  });
});
