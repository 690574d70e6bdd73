/** All that stands between a pod and its sidecar, for people: a decision ends with the first objection, this does not. */
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { CHECKS, type Decision, type DecisionContext, isProbe, type NamespaceFacts, type TraceStep } from './decide.ts';
import type { AdmissionRequest } from './request.ts';

/** Every check of the table in its order, and at its end the injection, where the decision came so far. */
export function traceOf(
  { trace }: Pick<Decision, 'trace'>,
  request: AdmissionRequest,
  injector: SidecarInjector,
  namespace: NamespaceFacts,
  context: DecisionContext,
): TraceStep[] {
  const subject = { request, injector, namespace, context, isProbe: isProbe(request, injector) };
  const checks = CHECKS.map(([check, run]): TraceStep => {
    const { detail, reason } = run(subject);
    return { check, passed: reason === undefined, detail };
  });
  return [...checks, ...trace.slice(CHECKS.length)];
}
