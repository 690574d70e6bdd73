/** The ValidatingAdmissionWebhook plugin: all that match are asked at the same time (plugin/webhook/validating/dispatcher.go). */
import { timeout } from '../status.ts';
import type { AdmissionAttributes } from '../types.ts';
import type { AuditTrail } from './audit.ts';
import { CallError, afterFailure, ask, invocation } from './call.ts';
import type { Dispatch } from './call.ts';
import { inVersion } from './match.ts';
import type { Hook } from './webhooks.ts';

/** @throws StatusError the first refusal that came. */
export async function callValidatingWebhooks(
  attributes: AdmissionAttributes,
  hooks: Hook[],
  dispatch: Dispatch,
  trail: AuditTrail,
): Promise<void> {
  const relevant = hooks.flatMap(({ webhook }) => {
    const resource = invocation(webhook, attributes, dispatch);
    return resource === undefined ? [] : [{ webhook, resource }];
  });
  if (relevant.length === 0) return;
  if (Date.now() >= attributes.deadline) throw timeout('request did not complete within requested timeout');
  const refusals: unknown[] = [];
  const calls = relevant.map(async ({ webhook, resource }, index) => {
    const { object, oldObject } = attributes;
    const question = {
      attributes,
      resource,
      object: inVersion(object, resource),
      oldObject: inVersion(oldObject, resource),
    };
    try {
      await ask(webhook, question, dispatch, trail, false);
    } catch (error) {
      if (error instanceof CallError && webhook.failurePolicy === 'Ignore')
        trail.annotate(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, webhook.name);
      try {
        afterFailure(error, webhook, { ...attributes, deadline: Infinity });
      } catch (refusal) {
        refusals.push(refusal);
      }
    }
  });
  await Promise.all(calls);
  if (refusals.length > 0) throw refusals[0];
}
