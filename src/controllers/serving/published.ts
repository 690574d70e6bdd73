/** The trust that API servers have in us, as a webhook configuration says. */
import { createHash } from 'node:crypto';
import type { MutatingWebhookConfiguration } from '../../kube/objects.ts';

/** The CA bundle in a webhook configuration that API servers use now, as PEM; undefined when there is no configuration. */
export function publishedBundle(configuration: MutatingWebhookConfiguration | undefined): string | undefined {
  if (configuration === undefined) return undefined;
  const bundles = (configuration.webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle ?? '');
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
