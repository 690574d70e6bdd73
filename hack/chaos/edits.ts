/** What hands do to the objects of an injector. Each is repaired; pods fail only where nobody can help it, until then. */
import { secretName, webhookConfigurationName } from '../../src/api/v1alpha1/names.ts';
import type { MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove, replace } from '../../src/kube/verbs.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import {
  AUTHORITY_KEY,
  bundlesOf,
  configurationOf,
  merge,
  secretKey,
  stateOf,
} from '../../test/e2e/support/certificates.ts';
import { OPERATOR_NAMESPACE } from '../../test/e2e/support/installation.ts';
import type { World } from './world.ts';

export interface Place {
  name: string;
  namespace: string;
}
export type Edit = (world: World, place: Place) => Promise<void>;

const encode = (text: string): string => Buffer.from(text).toString('base64');

const configurationIsRight = async ({ client }: World, { name }: Place): Promise<boolean> => {
  const found = await configurationOf(client, name);
  const { certificate, anchors } = await stateOf(client, name);
  const [bundle, ...others] = bundlesOf(found);
  return (
    found?.webhooks?.length === 2 && certificate !== '' && others.length === 0 && bundle?.includes(anchors) === true
  );
};

const setBundle =
  (caBundle: string): Edit =>
  (world, place) =>
    world.spoiling(place.namespace, async () => {
      const found = await configurationOf(world.client, place.name);
      for (const { clientConfig } of found?.webhooks ?? []) clientConfig.caBundle = caBundle;
      if (found === undefined) return;
      await replace<MutatingWebhookConfiguration>(world.client, RESOURCES.mutatingWebhookConfigurations, found, {
        fieldManager: 'somebody',
      }).catch(ignoreConflict);
      await world.converges(`the caBundle of ${place.name} is back`, () => configurationIsRight(world, place));
    });

/** The operator was faster: then there is nothing to see. */
const ignoreConflict = (error: unknown): undefined => {
  if ((error as { code?: number }).code !== 409) throw error;
};

const deleteConfiguration: Edit = (world, place) =>
  world.spoiling(place.namespace, async () => {
    await remove(world.client, RESOURCES.mutatingWebhookConfigurations, { name: webhookConfigurationName(place.name) });
    await world.converges(`the configuration of ${place.name} is back`, () => configurationIsRight(world, place));
  });

const secretIsWhole = async ({ client }: World, { name }: Place): Promise<boolean> => {
  const { certificate, key, anchors } = await stateOf(client, name);
  return certificate !== '' && key !== '' && anchors !== '';
};

const deleteSecret: Edit = async (world, place) => {
  await remove(world.client, RESOURCES.secrets, { name: secretName(place.name), namespace: OPERATOR_NAMESPACE });
  await world.converges(`the Secret of ${place.name} is back`, () => secretIsWhole(world, place));
};

const changeKey: Edit = async (world, place) => {
  const foreign = encode(await generatePrivateKey(2048));
  await merge(world.client, RESOURCES.secrets, secretKey(place.name), { data: { 'tls.key': foreign } });
  await world.converges(`the key of ${place.name} is its own again`, async () => {
    const secret = await get<Secret>(world.client, RESOURCES.secrets, secretKey(place.name));
    return secret?.data?.['tls.key'] !== undefined && secret.data['tls.key'] !== foreign;
  });
};

const deleteAuthority: Edit = async (world) => {
  await remove(world.client, RESOURCES.secrets, AUTHORITY_KEY);
  await world.converges('there is an authority again', async () => {
    const secret = await get<Secret>(world.client, RESOURCES.secrets, AUTHORITY_KEY);
    return secret?.data?.['ca.key'] !== undefined;
  });
};

export const EDITS: Readonly<Record<string, Edit>> = {
  'caBundle emptied': setBundle(''),
  'caBundle garbled': setBundle(encode('-----BEGIN CERTIFICATE-----\ngarbled\n-----END CERTIFICATE-----\n')),
  'caBundle encoded twice': setBundle(encode(encode('-----BEGIN CERTIFICATE-----'))),
  'configuration deleted': deleteConfiguration,
  'Secret deleted': deleteSecret,
  'key changed': changeKey,
  'authority deleted': deleteAuthority,
};
