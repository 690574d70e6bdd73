/** One webhook asked about one request, and its possible failures. */
import { randomUUID } from 'node:crypto';
import { StatusError, badRequest, failure, forbidden, internalError, timeout } from '../status.ts';
import type { AdmissionAttributes, Authorizer, JsonObject, Resource } from '../types.ts';
import type { AuditTrail } from './audit.ts';
import type { WebhookClients } from './client.ts';
import { conditionsHold, requestAuthorizer } from './conditions.ts';
import { inVersion, matchedResource } from './match.ts';
import type { Scene } from './match.ts';
import { admissionRequest, reviewOf, verifyReview } from './review.ts';
import type { Question, Verdict } from './review.ts';
import type { Webhook } from './webhooks.ts';

/** What dispatching needs of the server. */
export interface Dispatch extends Scene {
  clients: WebhookClients;
  authorizer: Authorizer;
}

/** The webhook could not be asked, or gave no valid answer: what failurePolicy is about. */
export class CallError extends Error {
  constructor(webhook: string, reason: string) {
    super(`failed calling webhook "${webhook}": ${reason}`);
  }
}

/** Whether the webhook is to be asked, and about which resource. @throws StatusError 403 when a condition cannot be evaluated. */
export function invocation(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  dispatch: Dispatch,
): Resource | undefined {
  const resource = matchedResource(webhook, attributes, dispatch);
  const { matchConditions = [] } = webhook;
  if (resource === undefined || matchConditions.length === 0) return resource;
  const values = {
    object: inVersion(attributes.object, resource) ?? null,
    oldObject: inVersion(attributes.oldObject, resource) ?? null,
    request: admissionRequest(attributes, resource),
    authorizer: requestAuthorizer(attributes, dispatch.authorizer),
  };
  try {
    return conditionsHold(matchConditions, values) ? resource : undefined;
  } catch (error) {
    if (webhook.failurePolicy === 'Ignore') return undefined;
    throw forbidden(attributes.resource, attributes.name, (error as Error).message);
  }
}

/** webhookerrors.ToStatusErr: the refusal in the webhook's own words. */
function denial(webhook: string, result: JsonObject | undefined): StatusError {
  const { message, reason, code, details } = (result ?? {}) as {
    message?: string;
    reason?: string;
    code?: number;
    details?: JsonObject;
  };
  const denied = `admission webhook "${webhook}" denied the request`;
  const words = message || reason;
  const status = failure(
    Math.max(code ?? 0, 400),
    reason ?? '',
    words ? `${denied}: ${words}` : `${denied} without explanation`,
  );
  const { reason: said, ...rest } = status.status;
  return new StatusError({ ...rest, ...(said ? { reason: said } : {}), ...(details ? { details } : {}) });
}

/**
 * Asks the webhook. Its warnings and audit annotations count even when it denies.
 * @throws CallError, or StatusError when it denies or cannot take part in a dry run.
 */
export async function ask(
  webhook: Webhook,
  question: Omit<Question, 'uid' | 'version'>,
  { clients }: Dispatch,
  trail: AuditTrail,
  mutating: boolean,
): Promise<Verdict> {
  const { attributes } = question;
  const { name, sideEffects, admissionReviewVersions, timeoutSeconds, clientConfig } = webhook;
  if (attributes.dryRun && sideEffects !== 'None' && sideEffects !== 'NoneOnDryRun')
    throw badRequest(`admission webhook "${name}" does not support dry run`);
  const version = admissionReviewVersions.find((each) => each === 'v1' || each === 'v1beta1');
  if (version === undefined)
    throw new CallError(
      name,
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
    );
  let target: ReturnType<WebhookClients['target']>;
  try {
    target = clients.target(clientConfig);
  } catch (error) {
    throw new CallError(name, `could not get REST client: ${(error as Error).message}`);
  }
  const asked: Question = { ...question, uid: randomUUID(), version };
  const deadline = Math.min(Date.now() + timeoutSeconds * 1000, attributes.deadline);
  let answer: JsonObject;
  try {
    answer = await clients.call(target, reviewOf(asked), deadline);
  } catch (error) {
    throw new CallError(name, `failed to call webhook: ${(error as Error).message}`);
  }
  let verdict: Verdict;
  try {
    if (version === 'v1beta1' && answer['apiVersion'] === 'admission.k8s.io/v1')
      throw new CallError(
        name,
        'failed to call webhook: converting (v1.AdmissionReview) to (v1beta1.AdmissionReview): unknown conversion',
      );
    verdict = verifyReview(answer, asked, mutating);
  } catch (error) {
    if (error instanceof CallError) throw error;
    throw new CallError(name, `received invalid webhook response: ${(error as Error).message}`);
  }
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) trail.annotate(`${name}/${key}`, value);
  for (const warning of verdict.warnings) attributes.warn(warning);
  if (!verdict.allowed) throw denial(name, verdict.status);
  return verdict;
}

/** What a failed call means: nothing under Ignore, a 500 under Fail, and the end when the whole request is out of time. */
export function afterFailure(error: unknown, webhook: Webhook, attributes: AdmissionAttributes): void {
  if (!(error instanceof CallError)) throw error;
  if (webhook.failurePolicy !== 'Ignore') throw internalError(error.message);
  if (Date.now() >= attributes.deadline) throw timeout('request did not complete within requested timeout');
}
