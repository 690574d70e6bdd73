/** The trust that API servers have in us, as a webhook configuration says. */
import { createHash } from 'node:crypto';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { existingOf, leading } from '../../domain/existing.ts';
import { at } from '../../domain/json.ts';
import type { OperatorFacts } from '../../domain/plan-objects.ts';
import type { MutatingWebhookConfiguration } from '../../kube/objects.ts';

/** The CA bundle in a webhook configuration that API servers use now, as PEM; undefined when nothing calls the injector. */
export function publishedBundle(
  configuration: MutatingWebhookConfiguration | undefined,
  injector: SidecarInjector,
  operator: OperatorFacts,
): string | undefined {
  if (configuration === undefined) return undefined;
  const existing = existingOf(injector) !== undefined;
  // In our own one a changed entry is a broken entry; in that of somebody else others lead elsewhere.
  const webhooks: readonly unknown[] = existing
    ? leading(configuration, injector.metadata.name, operator)
    : (configuration.webhooks ?? []);
  if (existing && webhooks.length === 0) return undefined;
  const bundles = webhooks.map((webhook) => {
    const bundle = at(webhook, ['clientConfig', 'caBundle']);
    return typeof bundle === 'string' ? bundle : '';
  });
  // All entries say the same; when somebody changed one of them, the shortest is the one to fear.
  const shortest = bundles.toSorted((a, b) => a.length - b.length)[0] ?? '';
  return Buffer.from(shortest, 'base64').toString('utf8');
}

/** SHA-256 of a caBundle; of the empty text where there is none. */
export function bundleDigest(pem: string | undefined): string {
  return createHash('sha256')
    .update(pem ?? '')
    .digest('hex');
}

interface Known {
  injector: SidecarInjector;
  bundle: string | undefined;
}

/** Bundles, remembered: those of all injectors are asked for whenever one has changed. Configurations are never changed in place. */
export class Bundles {
  readonly #published = new WeakMap<MutatingWebhookConfiguration, Map<string, Known>>();

  published(
    configuration: MutatingWebhookConfiguration | undefined,
    injector: SidecarInjector,
    operator: OperatorFacts,
  ): string | undefined {
    if (configuration === undefined) return undefined;
    const ofConfiguration = this.#published.get(configuration) ?? new Map<string, Known>();
    const known = ofConfiguration.get(injector.metadata.name);
    if (known?.injector === injector) return known.bundle;
    const bundle = publishedBundle(configuration, injector, operator);
    this.#published.set(configuration, ofConfiguration.set(injector.metadata.name, { injector, bundle }));
    return bundle;
  }
}
