/** How the operator runs, as far as it can be told from outside. */
import { leadsTo } from '../../domain/existing.ts';
import { OPERATOR_POD_LABELS } from '../../domain/plan-objects.ts';
import { serviceName, webhookPath } from '../../api/v1alpha1/names.ts';
import { selectorMatches } from '../../domain/selector.ts';
import type { KubeObject, MutatingWebhook, MutatingWebhookConfiguration, Service } from '../../kube/objects.ts';
import type { Facts } from './facts.ts';
import type { OperatorPod } from './resources.ts';

export const SERVICE_ACCOUNT = 'sidecar-injector';

/** Where the manifests are, below the repository's root. */
export const MANIFESTS = {
  everything: 'config/default',
  crds: 'crds',
  namespaces: 'config/namespaces',
  rbac: 'config/rbac',
  probe: 'config/probe',
} as const;

/** `Outside`: as a process that the API server reaches by URL. */
export function operatorIs(facts: Facts): 'Deployment' | 'Pods' | 'Outside' | 'Nowhere' {
  if (facts.lists.deployments.items.length > 0) return 'Deployment';
  if (facts.lists.operatorPods.items.length > 0) return 'Pods';
  return publishedUrl(facts) === undefined ? 'Nowhere' : 'Outside';
}

/** The URL at which the webhooks are published, with `{name}` for the injector's name; undefined where Services are used. */
export function publishedUrl({ lists }: Facts): string | undefined {
  for (const { webhooks = [], metadata } of lists.webhookConfigurations.items) {
    const name = metadata.labels?.['sidecarinjector.dev/injector'];
    for (const { clientConfig } of webhooks) {
      const { url } = clientConfig;
      if (name === undefined || url === undefined || !url.endsWith(webhookPath(name))) continue;
      return url.slice(0, -webhookPath(name).length);
    }
  }
  return undefined;
}

export function isOperatorPod({ metadata }: { metadata: { labels?: Record<string, string> } }): boolean {
  return selectorMatches({ matchLabels: OPERATOR_POD_LABELS }, metadata.labels);
}

export function isReady({ metadata, status }: OperatorPod): boolean {
  const ready = status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return ready === true && metadata.deletionTimestamp === undefined;
}

export function readyPods(pods: readonly OperatorPod[]): OperatorPod[] {
  return pods.filter(isReady);
}

export interface Entry {
  configuration: MutatingWebhookConfiguration;
  webhook: MutatingWebhook;
}

// Thousands of injectors ask for the same lists: each list is walked once.
const indexes = new WeakMap<readonly KubeObject[], ReadonlyMap<string, KubeObject>>();

function byName<T extends KubeObject>(items: readonly T[]): ReadonlyMap<string, T> {
  const index =
    (indexes.get(items) as Map<string, T> | undefined) ?? new Map(items.map((item) => [item.metadata.name, item]));
  indexes.set(items, index);
  return index;
}

const entries = new WeakMap<readonly MutatingWebhookConfiguration[], ReadonlyMap<string, readonly Entry[]>>();

function entriesByTarget(facts: Facts): ReadonlyMap<string, readonly Entry[]> {
  const operator = { namespace: facts.operatorNamespace, webhookPort: 0, webhookUrl: publishedUrl(facts) };
  const found = new Map<string, Entry[]>();
  for (const configuration of facts.lists.webhookConfigurations.items) {
    for (const webhook of configuration.webhooks ?? []) {
      const { url, service } = webhook.clientConfig;
      const name =
        url === undefined ? service?.name.slice(serviceName('').length) : url.slice(url.lastIndexOf('/') + 1);
      if (name === undefined || !leadsTo(webhook, name, operator)) continue;
      found.set(name, [...(found.get(name) ?? []), { configuration, webhook }]);
    }
  }
  return found;
}

/** The webhooks of any configuration that lead to the injector, with the configuration that has them. */
export function webhooksTo(facts: Facts, injector: string): readonly Entry[] {
  const { items } = facts.lists.webhookConfigurations;
  const known = entries.get(items) ?? entriesByTarget(facts);
  entries.set(items, known);
  return known.get(injector) ?? [];
}

export function configurationIndex(facts: Facts): ReadonlyMap<string, MutatingWebhookConfiguration> {
  return byName(facts.lists.webhookConfigurations.items);
}

/** The port on which the operator's pods serve admission: what their container says, else the default. */
export function webhookPort({ lists }: Facts): number {
  const ports = lists.operatorPods.items.flatMap(({ spec }) =>
    (spec?.containers ?? []).flatMap((container) => container.ports ?? []),
  );
  return ports.find(({ name }) => name === 'webhook')?.containerPort ?? 10_250;
}

export function serviceOf(facts: Facts, injector: string): Service | undefined {
  return byName(facts.lists.services.items).get(serviceName(injector));
}
