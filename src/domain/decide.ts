/**
 * The one decision on a pod, shared by the webhook, the CLI and the status counters. A list of named checks in the order
 * in which they read; the first that has an objection names the reason. Pure: no I/O, no clock, the input is not touched.
 */
import { injectionOf, modeOf, selectionOf } from '../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, PROBE_LABEL, PROBE_NAMESPACE } from '../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { misspeltKey, wishOf } from './annotation.ts';
import { type ClusterFacts, type Injection, inject } from './inject.ts';
import { at, mapAt, member } from './json.ts';
import type { Operation } from './patch.ts';
import { type Action, type ReasonCode, actionOf } from './reasons.ts';
import type { AdmissionRequest } from './request.ts';
import { unmetRequirements } from './selector.ts';
import { misshapen } from './shape.ts';
import { warningsFor } from './warnings.ts';

export interface NamespaceFacts {
  /** Left out where the API server has applied the namespaceSelector already: our copy of the labels may be older. */
  labels?: Readonly<Record<string, string>>;
}

export interface DecisionContext extends ClusterFacts {
  /** Namespaces besides `EXCLUDED_NAMESPACES` that get nothing: the operator's own. */
  excludedNamespaces?: readonly string[];
  /** Annotations of other injectors, which are no misspellings of this one's. */
  otherAnnotations?: ReadonlySet<string>;
}

/** One step of the way to a decision. */
export interface TraceStep {
  check: string;
  passed: boolean;
  detail: string;
}

export interface Decision {
  action: Action;
  reason: ReasonCode;
  /** Why, in one line for people. */
  message: string;
  /** The checks that were made, in order; the last one decided. */
  trace: readonly TraceStep[];
  /** Empty unless the action is Inject. */
  operations: readonly Operation[];
  /** The pod with the operations applied; only when the action is Inject. */
  result?: JsonObject;
  warnings: readonly string[];
}

/** What a check looks at. */
export interface Subject {
  request: AdmissionRequest;
  injector: SidecarInjector;
  namespace: NamespaceFacts;
  context: DecisionContext;
  isProbe: boolean;
}

/** What a check found; `reason` when that decides. */
interface Finding {
  detail: string;
  reason?: ReasonCode;
  warnings?: readonly string[];
}

type Check = (subject: Subject) => Finding;

/** Whether the request is for one of the operator's own probe pods, which are injected whatever the selection says. */
export function isProbe(request: AdmissionRequest, injector: SidecarInjector): boolean {
  const label = member(mapAt(request.object, ['metadata', 'labels']), PROBE_LABEL);
  return request.namespace === PROBE_NAMESPACE && label === injector.metadata.name;
}

const creation: Check = ({ request }) => {
  const { kind, operation, subResource = '' } = request;
  const detail = `${operation} of ${kind.kind}${subResource === '' ? '' : `/${subResource}`}`;
  const isPod = kind.group === '' && kind.kind === 'Pod' && subResource === '' && operation === 'CREATE';
  return isPod ? { detail } : { detail, reason: 'not_pod_creation' };
};

const shape: Check = ({ request }) => {
  const field = misshapen(request.object);
  if (field === undefined) return { detail: 'shaped as a Pod' };
  const detail = `${field} is not what a Pod has there`;
  return { detail, reason: 'pod_malformed', warnings: [detail] };
};

const mode: Check = ({ injector, isProbe }) => {
  const detail = `mode is ${modeOf(injector)}`;
  return modeOf(injector) === 'Paused' && !isProbe ? { detail, reason: 'paused' } : { detail };
};

const namespaceAllowed: Check = ({ request: { namespace }, context, isProbe }) => {
  const isExcluded =
    EXCLUDED_NAMESPACES.includes(namespace) ||
    namespace === PROBE_NAMESPACE ||
    context.excludedNamespaces?.includes(namespace);
  if (isProbe || isExcluded !== true) return { detail: `namespace ${namespace} may be injected` };
  return { detail: `namespace ${namespace} is never injected`, reason: 'namespace_excluded' };
};

const namespaceSelected: Check = ({ injector, namespace, isProbe }) => {
  if (isProbe) return { detail: 'a probe pod: selected by its label' };
  if (namespace.labels === undefined) return { detail: 'applied by the API server' };
  const unmet = unmetRequirements(selectionOf(injector).namespaceSelector, namespace.labels);
  if (unmet.length === 0) return { detail: 'the namespace matches' };
  return { detail: `the namespace does not match ${unmet.join(', ')}`, reason: 'namespace_not_selected' };
};

const objectSelected: Check = ({ request, injector, isProbe }) => {
  if (isProbe) return { detail: 'a probe pod: selected by its label' };
  const labels = mapAt(request.object, ['metadata', 'labels']) as Record<string, string>;
  const unmet = unmetRequirements(selectionOf(injector).objectSelector, labels);
  if (unmet.length === 0) return { detail: 'the pod matches' };
  return { detail: `the pod does not match ${unmet.join(', ')}`, reason: 'object_not_selected' };
};

const notMirror: Check = ({ request }) => {
  const mirror = Object.hasOwn(mapAt(request.object, ['metadata', 'annotations']), 'kubernetes.io/config.mirror');
  return mirror ? { detail: 'a mirror of a static pod', reason: 'mirror_pod' } : { detail: 'not a mirror pod' };
};

const network: Check = ({ request, injector }) => {
  if (at(request.object, ['spec', 'hostNetwork']) !== true) return { detail: 'the pod has a network of its own' };
  if (selectionOf(injector).allowHostNetwork) return { detail: 'hostNetwork is allowed' };
  return { detail: 'hostNetwork is true', reason: 'host_network' };
};

const wanted: Check = ({ request, injector, context, isProbe }) => {
  if (isProbe) return { detail: 'a probe pod: always wanted' };
  const { annotation, policy } = selectionOf(injector);
  const annotations = mapAt(request.object, ['metadata', 'annotations']);
  const wish = wishOf(annotations, annotation);
  if (wish.kind === 'value') {
    const detail = `annotation ${annotation} is "${wish.text}"`;
    return wish.wanted ? { detail } : { detail, reason: 'pod_not_need' };
  }
  const warnings: string[] = [];
  if (wish.kind === 'unreadable') warnings.push(`${annotation} must be "true" or "false", not "${wish.text}"`);
  const misspelt = misspeltKey(annotations, annotation, context.otherAnnotations);
  if (wish.kind === 'absent' && misspelt !== undefined) {
    warnings.push(`did you mean annotation ${annotation}? The pod has ${misspelt}`);
  }
  const detail = `no readable annotation ${annotation}, policy is ${policy}`;
  return policy === 'OptOut' ? { detail, warnings } : { detail, warnings, reason: 'pod_not_asked' };
};

/** Every check, in the order in which they are made; domain/trace.ts makes them all. */
export const CHECKS: readonly (readonly [string, Check])[] = [
  ['creation', creation],
  ['shape', shape],
  ['mode', mode],
  ['namespaceAllowed', namespaceAllowed],
  ['namespaceSelector', namespaceSelected],
  ['objectSelector', objectSelected],
  ['mirrorPod', notMirror],
  ['hostNetwork', network],
  ['annotation', wanted],
];

/**
 * Why a pod gets nothing, as far as the checks before the injection itself tell; undefined when the template is to be
 * brought in. Of the pod's spec only hostNetwork is looked at, so it does for pods of which only the metadata is known.
 */
export function objection(
  request: AdmissionRequest,
  injector: SidecarInjector,
  namespace: NamespaceFacts,
  context: DecisionContext,
): { reason: ReasonCode; detail: string } | undefined {
  const subject: Subject = { request, injector, namespace, context, isProbe: isProbe(request, injector) };
  for (const [, run] of CHECKS) {
    const { reason, detail } = run(subject);
    if (reason !== undefined) return { reason, detail };
  }
  return undefined;
}

/** Decides what becomes of the pod of the request. Never throws on any input that is JSON. */
export function decide(
  request: AdmissionRequest,
  injector: SidecarInjector,
  namespace: NamespaceFacts = {},
  context: DecisionContext = {},
): Decision {
  const subject: Subject = { request, injector, namespace, context, isProbe: isProbe(request, injector) };
  const trace: TraceStep[] = [];
  const warnings: string[] = [];
  const conclude = (reason: ReasonCode, message: string, operations: readonly Operation[] = []): Decision => ({
    action: actionOf(reason),
    reason,
    message,
    trace,
    operations,
    warnings: warningsFor(injector.metadata.name, warnings),
  });

  for (const [check, run] of CHECKS) {
    const finding = run(subject);
    trace.push({ check, passed: finding.reason === undefined, detail: finding.detail });
    if (finding.warnings !== undefined) warnings.push(...finding.warnings);
    if (finding.reason !== undefined) return conclude(finding.reason, finding.detail);
  }
  const injection = inject(request.object, injector, subject.context);
  const { reason, detail } = outcome(injection, subject);
  trace.push({ check: 'injection', passed: actionOf(reason) === 'Inject', detail });
  warnings.push(...injection.notes);
  if (reason === 'would_inject') warnings.push('mode is Audit: the pod would get the sidecar, and got nothing');
  if (reason === 'conflict_skipped') warnings.push(`not injected: ${detail}`);
  if (reason !== 'injected') return conclude(reason, detail);
  return { ...conclude(reason, detail, injection.operations), result: injection.pod };
}

function outcome(injection: Injection, { injector, isProbe }: Subject): { reason: ReasonCode; detail: string } {
  const [conflict] = injection.conflicts;
  const audit = modeOf(injector) === 'Audit' && !isProbe;
  if (conflict !== undefined) {
    const rejects = injectionOf(injector).onConflict === 'Reject' && !audit;
    return { reason: rejects ? 'conflict_rejected' : 'conflict_skipped', detail: conflict.text };
  }
  if (injection.operations.length === 0) return { reason: 'already_injected', detail: 'the pod has it all' };
  const detail = `${injection.operations.length} operations bring the template into the pod`;
  return audit ? { reason: 'would_inject', detail } : { reason: 'injected', detail };
}
