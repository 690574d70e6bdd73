/**
 * What the webhooks of all injectors would do to a pod, one after the other as the API server calls them:
 * configurations in the order of their names (apiserver/pkg/admission/configuration/mutating_webhook_manager.go), and once
 * more those with reinvocationPolicy IfNeeded after which something changed (plugin/webhook/mutating/dispatcher.go).
 */
import { selectionOf, webhookOf } from '../../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { type DecisionContext, decide, type TraceStep } from '../../domain/decide.ts';
import { mapAt, member } from '../../domain/json.ts';
import type { Operation } from '../../domain/patch.ts';
import { OPERATOR_POD_LABELS } from '../../domain/plan-objects.ts';
import type { Action, ReasonCode } from '../../domain/reasons.ts';
import type { AdmissionRequest } from '../../domain/request.ts';
import { unmetRequirements } from '../../domain/selector.ts';
import { applyOperations } from '../../domain/apply.ts';
import { traceOf } from '../../domain/trace.ts';

/** Reasons besides those of the webhook: what only an offline run can meet. */
export type OfflineReason = ReasonCode | 'namespace_unknown';

export interface Outcome {
  injector: SidecarInjector;
  action: Action;
  reason: OfflineReason;
  message: string;
  warnings: readonly string[];
  /** Every check, also those that came after the one that decided. */
  trace(): readonly TraceStep[];
}

export interface Admission {
  /** What makes the pod that the cluster would have. */
  operations: readonly Operation[];
  /** One for each injector, in the order of their names. */
  outcomes: readonly Outcome[];
}

export interface Surroundings {
  injectors: readonly SidecarInjector[];
  /** The labels of a namespace; undefined when nothing is known of it. */
  labelsOf(namespace: string): Record<string, string> | undefined;
  /** What to believe of namespaces that nothing is known of. */
  assumeSelected: boolean;
  context: DecisionContext;
}

const NAMESPACE_NAME = 'kubernetes.io/metadata.name';

export function admit(pod: JsonObject, namespace: string, surroundings: Surroundings): Admission {
  const injectors = surroundings.injectors.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const outcomes = new Map<SidecarInjector, Outcome>();
  const operations: Operation[] = [];
  let current = pod;
  let toReinvoke = new Set<SidecarInjector>();
  let invoked: SidecarInjector[] = [];

  for (const round of ['first', 'reinvocation'] as const) {
    for (const injector of injectors) {
      if (round === 'reinvocation' && !toReinvoke.has(injector)) continue;
      const { outcome, added } = ask(injector, current, namespace, surroundings);
      if (outcomes.get(injector)?.action !== 'Inject') outcomes.set(injector, outcome);
      if (outcome.action === 'Reject') return { operations: [], outcomes: [...outcomes.values()] };
      if (added.length > 0) {
        operations.push(...added);
        current = applyOperations(current, added) as JsonObject;
        toReinvoke = new Set([...toReinvoke, ...invoked]);
        invoked = [];
      }
      if (webhookOf(injector).reinvocationPolicy === 'IfNeeded') invoked.push(injector);
    }
  }
  return { operations, outcomes: injectors.flatMap((injector) => outcomes.get(injector) ?? []) };
}

interface Answer {
  outcome: Outcome;
  added: readonly Operation[];
}

function ask(injector: SidecarInjector, pod: JsonObject, namespace: string, surroundings: Surroundings): Answer {
  const refusal = operatorPod(pod);
  if (refusal !== undefined) return skipped(injector, 'object_not_selected', refusal);
  const labels = knownLabels(injector, namespace, surroundings);
  const facts = labels === undefined ? {} : { labels };
  const request = requestFor(pod, namespace);
  const decision = decide(request, injector, facts, surroundings.context);
  const { action, reason, message, warnings } = decision;
  const trace = (): readonly TraceStep[] => traceOf(decision, request, injector, facts, surroundings.context);
  if (labels === undefined && !surroundings.assumeSelected && dependsOnNamespace(reason)) {
    const text = `namespace ${namespace} is not among the inputs: add its manifest with -f, or use --assume-selected`;
    return skipped(injector, 'namespace_unknown', text);
  }
  return { outcome: { injector, action, reason, message, warnings, trace }, added: decision.operations };
}

function skipped(injector: SidecarInjector, reason: OfflineReason, message: string): Answer {
  const trace = (): TraceStep[] => [{ check: 'selection', passed: false, detail: message }];
  return { outcome: { injector, action: 'Skip', reason, message, warnings: [], trace }, added: [] };
}

/** Every webhook configuration leaves out pods with the operator's label (domain/plan-objects.ts). */
function operatorPod(pod: JsonObject): string | undefined {
  const key = 'app.kubernetes.io/name';
  const isOperator = member(mapAt(pod, ['metadata', 'labels']), key) === OPERATOR_POD_LABELS[key];
  return isOperator ? `pods labelled ${key}=${OPERATOR_POD_LABELS[key]} are never injected` : undefined;
}

/** A pod that gets nothing whatever its namespace is needs no Namespace to say so. */
function dependsOnNamespace(reason: ReasonCode): boolean {
  return ['injected', 'would_inject', 'conflict_skipped', 'conflict_rejected'].includes(reason);
}

/** A selector that asks for nothing but the name, or for a name that is another, can be decided without the Namespace. */
function knownLabels(
  injector: SidecarInjector,
  namespace: string,
  surroundings: Surroundings,
): Record<string, string> | undefined {
  const byName = { [NAMESPACE_NAME]: namespace };
  const labels = surroundings.labelsOf(namespace);
  if (labels !== undefined) return { ...labels, ...byName };
  const { matchLabels = {}, matchExpressions = [] } = selectionOf(injector).namespaceSelector;
  const name = member(matchLabels, NAMESPACE_NAME);
  const named = {
    matchLabels: typeof name === 'string' ? { [NAMESPACE_NAME]: name } : {},
    matchExpressions: matchExpressions.filter(({ key }) => key === NAMESPACE_NAME),
  };
  const asked = Object.keys(matchLabels).length + matchExpressions.length;
  const askedOfName = Object.keys(named.matchLabels).length + named.matchExpressions.length;
  return asked === askedOfName || unmetRequirements(named, byName).length > 0 ? byName : undefined;
}

function requestFor(pod: JsonObject, namespace: string): AdmissionRequest {
  return {
    uid: '',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace,
    operation: 'CREATE',
    object: pod,
  };
}
