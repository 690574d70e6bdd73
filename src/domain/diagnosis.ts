/** From the words of an API server to the cause and the way out, in plain words. */
import { GROUP } from '../api/v1alpha1/names.ts';
import { WEBHOOK_ERRORS, type Diagnosis } from './webhook-errors.ts';

export type { Diagnosis } from './webhook-errors.ts';

const CALLED = /(?:failed calling|failed to call|admission) webhook "([^"]+)"/;

/**
 * The cause of a failed call; undefined for words that are not in the table.
 *
 * @param isOurs whether a webhook of this name leads to the operator; an entry in a configuration of somebody else may have any name
 */
export function diagnose(
  message: string,
  isOurs: (webhook: string) => boolean = (webhook) => webhook.endsWith(`.${GROUP}`),
): Diagnosis | undefined {
  const rule = WEBHOOK_ERRORS.find(({ text }) => text.test(message));
  const [, webhook] = CALLED.exec(message) ?? [];
  if (webhook !== undefined && !isOurs(webhook) && rule?.id !== 'WebhookDenied') {
    return {
      id: 'OtherWebhook',
      cause: `another webhook, ${webhook}, fails${rule === undefined ? '' : ` (${rule.id})`}: it is not of sidecar-injector`,
      fix: 'mend that webhook, or exclude the namespace from it',
    };
  }
  return rule && { id: rule.id, cause: rule.cause, fix: rule.fix };
}
