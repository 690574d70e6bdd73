/** Whether the API server asks about a pod at all: the live webhook configuration of an injector. */
import { probeWebhookName, webhookPath } from '../../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { TraceStep } from '../../domain/decide.ts';
import { configurationNameOf, leadsTo } from '../../domain/existing.ts';
import { unmetRequirements } from '../../domain/selector.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration } from '../../kube/objects.ts';

export interface Asked {
  injector: SidecarInjector;
  operatorNamespace: string;
  namespaceLabels: Readonly<Record<string, string>>;
  podLabels: Readonly<Record<string, string>>;
}

/** The check that comes before those of the decision. What the decision looks at too, is left to it. */
export function webhookStep(configurations: readonly MutatingWebhookConfiguration[], asked: Asked): TraceStep {
  const { injector } = asked;
  const name = configurationNameOf(injector);
  const step = (passed: boolean, detail: string): TraceStep => ({ check: 'webhook', passed, detail });
  const configuration = configurations.find(({ metadata }) => metadata.name === name);
  if (configuration === undefined) return step(false, `MutatingWebhookConfiguration ${name} does not exist`);
  const [webhook] = (configuration.webhooks ?? []).filter((candidate) => leadsHere(candidate, asked));
  if (webhook === undefined) {
    return step(false, `no webhook of MutatingWebhookConfiguration ${name} leads to the operator`);
  }
  if ((webhook.clientConfig.caBundle ?? '') === '') return step(false, `${name} has no caBundle: no call is trusted`);
  const changed = changedSelector(webhook, asked);
  if (changed !== undefined) return step(false, `${name}: ${changed}, other than the SidecarInjector's`);
  const policy = webhook.failurePolicy ?? 'Fail';
  return step(true, `${name} calls the operator, failurePolicy ${policy}`);
}

function leadsHere(webhook: MutatingWebhook, { injector, operatorNamespace }: Asked): boolean {
  const { name } = injector.metadata;
  if (webhook.name === probeWebhookName(name)) return false;
  const { url } = webhook.clientConfig;
  if (url !== undefined) return url.endsWith(webhookPath(name));
  return leadsTo(webhook, name, { namespace: operatorNamespace, webhookPort: 0 });
}

/** A selector of the configuration that does not match, where that of the injector does. */
function changedSelector(webhook: MutatingWebhook, asked: Asked): string | undefined {
  const { namespaceSelector, objectSelector } = asked.injector.spec.selection;
  const live = { namespaceSelector: webhook.namespaceSelector ?? {}, objectSelector: webhook.objectSelector ?? {} };
  const pairs = [
    ['namespaceSelector', live.namespaceSelector, namespaceSelector, asked.namespaceLabels],
    ['objectSelector', live.objectSelector, objectSelector ?? {}, asked.podLabels],
  ] as const;
  for (const [field, selector, own, labels] of pairs) {
    const unmet = unmetRequirements(selector, labels).filter((text) => !OURS.test(text));
    if (unmet.length > 0 && unmetRequirements(own, labels).length === 0) {
      return `its ${field} does not match ${unmet.join(', ')}`;
    }
  }
  return undefined;
}

/** What the operator adds to every selector, and the decision says in words of its own (domain/plan-objects.ts). */
const OURS = /^(kubernetes\.io\/metadata\.name|app\.kubernetes\.io\/name) notin /;
