/**
 * A webhook configuration that somebody else made (`spec.webhook.existingConfiguration`): a GitOps tool or a chart keeps it, and
 * the operator looks after the caBundle of those of its webhooks that lead to the injector's Service, and after nothing else.
 */
import { serviceName, webhookConfigurationName } from '../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { at, objectsAt } from './json.ts';
import { driftOf, firstDifference, type Drift } from './plan-drift.ts';
import {
  APPLIED_ANNOTATION,
  desiredWebhookConfiguration,
  webhookUrl,
  type DesiredObject,
  type OperatorFacts,
} from './plan-objects.ts';
import type { Anchor } from './trust.ts';

/** Its name; undefined where the operator makes the configuration. */
export function existingOf(injector: SidecarInjector): string | undefined {
  const { existingConfiguration = '' } = injector.spec.webhook ?? {};
  const isOwn = existingConfiguration === webhookConfigurationName(injector.metadata.name);
  return existingConfiguration === '' || isOwn ? undefined : existingConfiguration;
}

/** The name of the configuration that sends pods to the injector, whoever made it. */
export function configurationNameOf(injector: SidecarInjector): string {
  return existingOf(injector) ?? webhookConfigurationName(injector.metadata.name);
}

/** Does this webhook lead to the injector? */
export function leadsTo(webhook: unknown, injector: string, operator: OperatorFacts): boolean {
  const url = at(webhook, ['clientConfig', 'url']);
  if (typeof url === 'string') return url === webhookUrl(injector, operator);
  const [namespace, name] = ['namespace', 'name'].map((field) => at(webhook, ['clientConfig', 'service', field]));
  return namespace === operator.namespace && name === serviceName(injector);
}

/** The webhooks of a configuration that lead to the injector. */
export function leading(configuration: unknown, injector: string, operator: OperatorFacts): JsonObject[] {
  return objectsAt(configuration, ['webhooks']).filter((webhook) => leadsTo(webhook, injector, operator));
}

/** The configuration as it should be. Undefined where it is somebody else's and nothing in it leads to the injector. */
export function wantedConfiguration(
  injector: SidecarInjector,
  operator: OperatorFacts,
  stored: JsonObject | undefined,
  caBundlePem: string,
): DesiredObject | undefined {
  const existing = existingOf(injector);
  if (existing === undefined) return desiredWebhookConfiguration(injector, operator, caBundlePem);
  const caBundle = Buffer.from(caBundlePem).toString('base64');
  const webhooks = leading(stored, injector.metadata.name, operator).map(({ name }) => ({
    name,
    clientConfig: { caBundle },
  }));
  if (webhooks.length === 0) return undefined;
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: existing, annotations: {} },
    webhooks,
  };
}

/**
 * How the stored configuration falls short of the wanted one. In one of somebody else there is no digest of what was applied
 * last: a bundle that holds nothing but anchors of ours is an older wish of ours.
 *
 * @param anchors all that may have been published
 */
export function configurationDrift(
  wanted: DesiredObject,
  stored: JsonObject | undefined,
  anchors: readonly Anchor[],
): Drift | undefined {
  if (wanted.metadata.annotations[APPLIED_ANNOTATION] !== undefined) return driftOf(wanted, stored);
  const path = firstDifference({ webhooks: wanted['webhooks'] }, stored);
  if (path === undefined) return undefined;
  const names = new Set(objectsAt(wanted, ['webhooks']).map(({ name }) => name));
  const published = objectsAt(stored, ['webhooks']).filter(({ name }) => names.has(name));
  const ours = published.every((webhook) => {
    const encoded = at(webhook, ['clientConfig', 'caBundle']);
    const text = typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('utf8') : '';
    return text !== '' && anchors.reduce((rest, { pem }) => rest.replaceAll(pem, ''), text) === '';
  });
  return ours ? { kind: 'Outdated' } : { kind: 'Altered', path };
}

/** The injectors whose pods come by this configuration of somebody else. */
export function injectorsWith<T extends SidecarInjector>(injectors: readonly T[], configuration: string): T[] {
  return injectors.filter((injector) => existingOf(injector) === configuration);
}
