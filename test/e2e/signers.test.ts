import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { OPERATOR_NAMESPACE } from './support/installation.ts';
import { until } from '../support/until.ts';
import { applyReady, containersOf, createPod, injectorNamed, injectorStatus, useOperator } from './support/fixture.ts';

const fixture = useOperator();

const leafOf = async (name: string): Promise<X509Certificate> => {
  const key = { name: `sidecar-injector-${name}-tls`, namespace: OPERATOR_NAMESPACE };
  const secret = await get<Secret>(fixture.client, RESOURCES.secrets, key);
  return new X509Certificate(Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64'));
};

for (const [name, signerName, subject] of [
  ['own', 'sidecarinjector.dev/webhook-serving', /CN=/],
  ['cluster', 'kubernetes.io/kubelet-serving', /O=system:nodes\nCN=system:node:/],
] as const) {
  test(`a certificate of the signer ${signerName} injects pods`, async () => {
    const namespace = await applyReady(fixture.client, injectorNamed(name, { certificate: { signerName } }));
    const { status } = await injectorStatus(fixture.client, name);
    assert.equal(status?.certificate?.signerName, signerName);
    const leaf = await leafOf(name);
    assert.match(leaf.subject, subject);
    const { notAfter } = status?.certificate ?? {};
    assert.equal(new Date(notAfter ?? 0).getTime(), leaf.validToDate.getTime(), 'status tells what the signer gave');
    assert.deepEqual(containersOf(await createPod(fixture.client, namespace)), ['app', `${name}-sidecar`]);
  });
}

test('another signer of the cluster replaces the certificate without a failed pod', async () => {
  const change = injectorNamed('changes', { webhook: { failurePolicy: 'Fail' } });
  const namespace = await applyReady(fixture.client, change);
  const before = await leafOf('changes');
  await applyReady(
    fixture.client,
    injectorNamed('changes', {
      webhook: { failurePolicy: 'Fail' },
      certificate: { signerName: 'kubernetes.io/kubelet-serving' },
    }),
  );
  await until("the other signer's certificate is served", async () => {
    const { status } = await injectorStatus(fixture.client, 'changes');
    return status?.certificate?.signerName === 'kubernetes.io/kubelet-serving';
  });
  const after = await leafOf('changes');
  assert.notEqual(after.fingerprint256, before.fingerprint256);
  assert.deepEqual(containersOf(await createPod(fixture.client, namespace)), ['app', 'changes-sidecar']);
});
