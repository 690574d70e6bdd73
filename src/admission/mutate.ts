/** From a request to an answer: decide, prove the patch on the received object, say why. No I/O. */
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { applyOperations } from '../domain/apply.ts';
import { type Decision, type DecisionContext, decide } from '../domain/decide.ts';
import { sameJson } from '../domain/json.ts';
import type { Operation } from '../domain/patch.ts';
import type { AdmissionRequest } from '../domain/request.ts';
import { actionOf } from '../domain/reasons.ts';
import { templateRevision } from '../domain/revision.ts';
import { oneLine, warningsFor } from '../domain/warnings.ts';
import { defect } from './refusal.ts';
import type { AdmissionAnswer } from './review.ts';

export interface Verdict {
  decision: Decision;
  answer: AdmissionAnswer;
}

/**
 * The answer for one injector. The namespaceSelector is not asked again: the API server has applied it, and knows newer
 * labels than our cache may.
 *
 * @throws Refusal with status 500 when the patch does not do what the decision says: a bug, on which the API server goes
 *   by the failurePolicy. A patch that does not apply would fail the user's request even with `Ignore`.
 */
export function mutate(request: AdmissionRequest, injector: SidecarInjector, context: DecisionContext): Verdict {
  const decision = decide(request, injector, {}, context);
  if (decision.result !== undefined) provePatch(request, decision.operations, decision.result);
  return { decision, answer: answerOf(request, injector, decision) };
}

/** The answer when no such injector is served: nothing is changed, and somebody is told. */
export function unknownInjector(request: AdmissionRequest, name: string): Verdict {
  const message = `no SidecarInjector ${name} is served here, nothing was injected`;
  const decision: Decision = {
    action: actionOf('unknown_injector'),
    reason: 'unknown_injector',
    message,
    trace: [{ check: 'injector', passed: false, detail: message }],
    operations: [],
    warnings: warningsFor(name, [message]),
  };
  return { decision, answer: bare(request, decision, auditOf(name, decision)) };
}

/** Who did what and why, for the audit log; the API server writes the webhook's name before each key. */
function auditOf(injector: string, { action, reason }: Decision): Record<string, string> {
  return { injector, decision: action, reason };
}

function bare(
  request: AdmissionRequest,
  { action, operations, warnings }: Decision,
  auditAnnotations: AdmissionAnswer['auditAnnotations'] = {},
): AdmissionAnswer {
  return { uid: request.uid, allowed: action !== 'Reject', operations, warnings, auditAnnotations };
}

function answerOf(request: AdmissionRequest, injector: SidecarInjector, decision: Decision): AdmissionAnswer {
  const { action, reason, message } = decision;
  const revision = templateRevision(injector);
  const { name } = injector.metadata;
  // When a webhook is called again for one pod, the API server drops a second value of a key and logs it: this is a key of its own.
  if (reason === 'already_injected') return bare(request, decision, { injector: name, 'already-injected': revision });
  const answer = bare(request, decision, { ...auditOf(name, decision), revision });
  return action === 'Reject' ? { ...answer, denial: oneLine(`${reason}: ${message}`, 500) } : answer;
}

/**
 * Only what the patch touches is walked over: the rest of the pod is the very object that came. That the pod then needs
 * nothing more, and still is a pod, the properties of test/property say of every input.
 */
function provePatch(request: AdmissionRequest, operations: readonly Operation[], expected: JsonObject): void {
  let patched: unknown;
  try {
    patched = applyOperations(request.object, operations);
  } catch (error) {
    throw defect('the patch does not apply', error);
  }
  if (!sameJson(patched, expected)) throw defect('the patch gives another pod than was decided');
}
