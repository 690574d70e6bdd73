/** What a test sees and does of an injector's certificate, by the Kubernetes API alone. */

import assert from 'node:assert/strict';
import { secretName, webhookConfigurationName } from '../../../src/api/v1alpha1/names.ts';
import { ROTATE_ANNOTATION } from '../../../src/api/v1alpha1/rotation.ts';
import { readState, type SecretState } from '../../../src/controllers/secret.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type {
  CertificateSigningRequest,
  Event,
  KubeObject,
  MutatingWebhookConfiguration,
  Secret,
} from '../../../src/kube/objects.ts';
import { RESOURCES, resourcePath, type ResourceRef } from '../../../src/kube/resources.ts';
import { get, list, type ObjectKey } from '../../../src/kube/verbs.ts';
import { parseCertificates } from '../../../src/pki/inspect.ts';
import { until, type UntilOptions } from '../../support/until.ts';
import { injectorStatus } from './fixture.ts';
import { OPERATOR_NAMESPACE } from './installation.ts';

export const secretKey = (injector: string): ObjectKey => ({
  name: secretName(injector),
  namespace: OPERATOR_NAMESPACE,
});
export const AUTHORITY_KEY: ObjectKey = { name: 'sidecar-injector-ca', namespace: OPERATOR_NAMESPACE };

/** As `kubectl patch --type=merge`. */
export const merge = async <T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  key: ObjectKey,
  body: object,
): Promise<T> =>
  client.request<T>({
    method: 'PATCH',
    path: resourcePath(resource, key),
    contentType: 'application/merge-patch+json',
    body,
  });

/** The Secret's content; throws while there is none. */
export const stateOf = async (client: KubeClient, injector: string): Promise<SecretState> => {
  const secret = await get<Secret>(client, RESOURCES.secrets, secretKey(injector));
  if (secret === undefined) throw new Error(`${injector} has no Secret`);
  return readState(secret);
};

/** The caBundle of every entry of a configuration, as PEM; each once. */
export const bundlesOf = (configuration: MutatingWebhookConfiguration | undefined): string[] => {
  const bundles = (configuration?.webhooks ?? []).map(({ clientConfig }) =>
    Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'),
  );
  return [...new Set(bundles)];
};

export const configurationOf = (
  client: KubeClient,
  injector: string,
): Promise<MutatingWebhookConfiguration | undefined> =>
  get<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations, {
    name: webhookConfigurationName(injector),
  });

/** Requests of an injector. */
export const requestsOf = async (client: KubeClient, injector: string): Promise<CertificateSigningRequest[]> => {
  const { items } = await list<CertificateSigningRequest>(client, RESOURCES.certificateSigningRequests, {
    labelSelector: `sidecarinjector.dev/injector=${injector}`,
  });
  return items;
};

/** Events about an injector. */
export const eventsOf = async (client: KubeClient, injector: string): Promise<Event[]> => {
  const { items } = await list<Event>(client, RESOURCES.events);
  return items.filter(({ regarding }) => regarding?.kind === 'SidecarInjector' && regarding.name === injector);
};

/** Wishes for another certificate (`leaf-...`) or another authority (`ca-...`). */
export const askForRotation = async (client: KubeClient, injector: string, wish: string): Promise<void> => {
  await merge(
    client,
    RESOURCES.sidecarInjectors,
    { name: injector },
    { metadata: { annotations: { [ROTATE_ANNOTATION]: wish } } },
  );
};

/**
 * Waits until nothing is left to do for the certificate of an injector: Ready, Stable, one authority trusted everywhere, no
 * request, no pending key, and the wish, where there is one, fulfilled.
 */
export const atRest = async (
  client: KubeClient,
  injector: string,
  { wish, ...options }: UntilOptions & { wish?: string | undefined } = {},
): Promise<SecretState> =>
  until(
    `the certificate of ${injector} is at rest`,
    async () => {
      const state = await stateOf(client, injector);
      assert.equal(state.rollover.phase, 'Stable');
      if (wish !== undefined) assert.equal(state.rotated, wish);
      assert.equal(state.pendingKey, '', 'a key is pending');
      assert.equal(state.next, undefined, 'a certificate is staged');
      assert.equal(state.previousAnchors, '', 'old trust is left');
      const bundles = bundlesOf(await configurationOf(client, injector));
      assert.deepEqual(bundles, [state.anchors], 'what is published is not what the Secret says');
      assert.equal(parseCertificates(state.anchors)?.length, 1, 'more than one authority');
      assert.deepEqual(
        (await requestsOf(client, injector)).map(({ metadata }) => metadata.name),
        [],
      );
      const { metadata, status } = await injectorStatus(client, injector);
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      assert.equal(ready?.status, 'True', ready?.message);
      assert.equal(status?.observedGeneration, metadata.generation);
      return state;
    },
    { timeoutMs: 60_000, everyMs: 50, ...options },
  );
