/** The part of the demo about the certificate: request, approval, Secret and caBundle, as the API server shows them. */

import { X509Certificate } from 'node:crypto';
import type { KubeClient } from '../../src/kube/client.ts';
import type { CertificateSigningRequest, MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../../test/e2e/support/installation.ts';
import { until } from '../../test/support/until.ts';
import type { recordRequests } from './request-recorder.ts';
import type { Story } from './story.ts';

const decode = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');

const required = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`not as told: there is no ${what}`);
  return value;
};

/** Tells how the request went, from the recorded states of it. */
const tellRequest = async (
  story: Story,
  events: Awaited<ReturnType<typeof recordRequests>>,
): Promise<CertificateSigningRequest> => {
  await until('the request was deleted after use', () => events.some(({ type }) => type === 'DELETED'));
  const states = events.map(({ object }) => object);
  const made = required(states[0], 'certificate signing request');
  const last = required(states.at(-1), 'certificate signing request');
  const { spec, metadata, status } = last;
  story.say(`CertificateSigningRequest ${metadata.name}`);
  story.check(
    spec.username === `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`,
    `asked for by ${spec.username}, of the signer ${spec.signerName}`,
    spec,
  );
  story.check((made.status?.conditions ?? []).length === 0, 'was Pending when it was made', made.status);
  const approval = status?.conditions?.find(({ type }) => type === 'Approved');
  story.check(approval?.status === 'True', `was approved: ${approval?.reason}: ${approval?.message}`, status);
  story.check(status?.certificate !== undefined, 'was issued, and deleted after use');
  return last;
};

/** Tells the Secret and the caBundle, and checks that one verifies the other. */
export const tellCertificate = async (
  story: Story,
  client: KubeClient,
  events: Awaited<ReturnType<typeof recordRequests>>,
): Promise<void> => {
  await tellRequest(story, events);
  const name = 'sidecar-injector-nginx';
  const secret = required(
    await get<Secret>(client, RESOURCES.secrets, { name: `${name}-tls`, namespace: OPERATOR_NAMESPACE }),
    `Secret ${name}-tls`,
  );
  const leaf = new X509Certificate(decode(secret.data?.['tls.crt']));
  const host = `${name}.${OPERATOR_NAMESPACE}.svc`;
  story.say(`Secret ${OPERATOR_NAMESPACE}/${secret.metadata.name}, type ${secret.type}`);
  story.check(leaf.checkHost(host) !== undefined, `its certificate is good for ${leaf.subjectAltName}`);
  story.check(leaf.validToDate > new Date(), `it is valid until ${leaf.validToDate.toISOString()}`, leaf.validTo);

  const configuration = required(
    await get<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations, { name }),
    `MutatingWebhookConfiguration ${name}`,
  );
  const webhooks = configuration.webhooks ?? [];
  const bundles = webhooks.map(({ clientConfig }) => new X509Certificate(decode(clientConfig.caBundle)));
  story.check(
    bundles.length > 0 && bundles.every((authority) => leaf.checkIssued(authority) && leaf.verify(authority.publicKey)),
    `the caBundle of MutatingWebhookConfiguration ${name} verifies it (${bundles[0]?.subject})`,
  );
};
