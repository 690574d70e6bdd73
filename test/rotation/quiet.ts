/** What has to be true when nobody does anything any more. */
import { X509Certificate } from 'node:crypto';
import { INJECTOR_LABEL, secretName, serviceDnsName, webhookConfigurationName } from '../../src/api/v1alpha1/names.ts';
import { describeError } from '../../src/errors.ts';
import type { MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, list } from '../../src/kube/verbs.ts';
import { condition } from '../e2e/support/fixture.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { until } from '../support/until.ts';
import type { Bed } from './bed.ts';
import { servedFingerprint } from './handshake.ts';

/** The old one, the new one, and one that was given up. */
const MOST_ANCHORS = 3;

/** Reports what is not as it should be: readiness, one certificate everywhere, no growth, nothing left over. */
export const checkQuiet = async (bed: Bed): Promise<void> => {
  const limit = { timeoutMs: bed.options.quietMs, everyMs: 100 };
  for (const { name } of bed.injectors) {
    try {
      await condition(bed.environment.client, name, 'Ready', 'True', limit.timeoutMs);
      await until(`all replicas of ${name} serve what is stored`, () => agrees(bed, name), limit);
      await until(`no request of ${name} is left`, () => nothingIsLeft(bed, name), limit);
    } catch (error) {
      bed.figures.violate('broken promises', `at the end: ${describeError(error)}`);
    }
  }
};

const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');

const agrees = async ({ environment, fleet }: Bed, name: string): Promise<boolean> => {
  const key = { name: secretName(name), namespace: OPERATOR_NAMESPACE };
  const secret = await get<Secret>(environment.client, RESOURCES.secrets, key);
  const stored = new X509Certificate(decode(secret?.data?.['tls.crt']));
  const host = serviceDnsName(name, OPERATOR_NAMESPACE);
  for (const replica of fleet.replicas) {
    const served = await servedFingerprint(replica, host);
    if (served !== stored.fingerprint256) throw new Error(`${replica.name} serves ${served}`);
  }
  const configuration = await get<MutatingWebhookConfiguration>(
    environment.client,
    RESOURCES.mutatingWebhookConfigurations,
    { name: webhookConfigurationName(name) },
  );
  for (const { clientConfig } of configuration?.webhooks ?? []) {
    const anchors = decode(clientConfig.caBundle).split('-----BEGIN').length - 1;
    if (anchors < 1 || anchors > MOST_ANCHORS) throw new Error(`the caBundle has ${anchors} anchors`);
  }
  return true;
};

const nothingIsLeft = async ({ environment }: Bed, name: string): Promise<boolean> => {
  const labelSelector = `${INJECTOR_LABEL}=${name}`;
  const { items } = await list(environment.client, RESOURCES.certificateSigningRequests, { labelSelector });
  if (items.length > 0) throw new Error(items.map(({ metadata }) => metadata.name).join(', '));
  return true;
};
