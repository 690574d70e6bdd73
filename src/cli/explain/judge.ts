/** facts -> explanation, one for each pod of a subject: each injector, each check, and what can be done. Pure. */
import { findCondition } from '../../api/v1alpha1/conditions.ts';
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import { injectedLabel } from '../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { TraceStep } from '../../domain/decide.ts';
import { mapAt, member } from '../../domain/json.ts';
import { REASONS } from '../../domain/reasons.ts';
import { templateRevision } from '../../domain/revision.ts';
import { admit, type Outcome } from '../inject/admission.ts';
import type { Facts } from './facts.ts';
import { adviceFor, type Advice } from './advice.ts';
import { webhookStep } from './webhook.ts';

/** One pod, or the template of pods, to be explained. */
export interface Subject {
  /** `Pod shop/web-1`. */
  title: string;
  namespace: string;
  /** A pod that runs: what became of it is told, too. */
  livePod?: JsonObject;
  /** The pod that the API server would be given now. */
  pod: JsonObject;
  /** What `pod` is: `a new pod of Deployment web`. */
  podTitle: string;
  /** The workload, for commands and for annotations that sit on it; undefined for a pod that nobody makes. */
  maker?: { kind: string; name: string; object: JsonObject; restartable: boolean };
}

/** What became of a pod that runs. */
export interface Found {
  state: 'injected' | 'outdated' | 'without';
  /** Revision of the template that it has. */
  revision?: string;
  message: string;
}

export interface InjectorExplanation {
  injector: string;
  found?: Found;
  action: Outcome['action'] | 'NotCalled';
  reason: Outcome['reason'] | 'webhook_not_called';
  message: string;
  meaning: string;
  checks: readonly TraceStep[];
  warnings: readonly string[];
  advice: readonly Advice[];
}

export interface Explanation {
  subject: string;
  /** What the checks are about. */
  of: string;
  injectors: readonly InjectorExplanation[];
}

export function explain(subject: Subject, facts: Facts): Explanation {
  const surroundings = {
    injectors: facts.injectors,
    labelsOf: (namespace: string) => facts.namespaces.get(namespace),
    assumeSelected: false,
    context: {
      excludedNamespaces: [facts.operatorNamespace],
      otherAnnotations: new Set(facts.injectors.map((injector) => selectionOf(injector).annotation)),
      nativeSidecars: facts.nativeSidecars,
    },
  };
  const { outcomes } = admit(subject.pod, subject.namespace, surroundings);
  return {
    subject: subject.title,
    of: subject.podTitle,
    injectors: outcomes.map((outcome) => explainOne(outcome, subject, facts)),
  };
}

function explainOne(outcome: Outcome, subject: Subject, facts: Facts): InjectorExplanation {
  const { injector, action, reason, message, warnings } = outcome;
  const webhook = facts.configurations && webhookStep(facts.configurations, askedOf(injector, subject, facts));
  const found = subject.livePod && foundIn(subject.livePod, injector);
  const checks = [...(webhook === undefined ? [] : [webhook]), ...outcome.trace()];
  const wouldAct = action !== 'Skip';
  const verdict =
    webhook?.passed === false && wouldAct
      ? ({ action: 'NotCalled', reason: 'webhook_not_called', message: webhook.detail } as const)
      : { action, reason, message };
  const meaning =
    verdict.reason === 'webhook_not_called'
      ? 'The API server does not ask the operator about this pod.'
      : verdict.reason === 'namespace_unknown'
        ? 'Nothing is known of the labels of the namespace.'
        : REASONS[verdict.reason].meaning;
  const explained = { injector: injector.metadata.name, ...(found && { found }), ...verdict, meaning, checks };
  const advice = [...adviceFor({ injector, reason: verdict.reason, subject, facts, found }), ...notReady(injector)];
  return { ...explained, warnings: [...warnings, ...conditionsNote(injector)], advice };
}

function askedOf(injector: SidecarInjector, subject: Subject, facts: Facts): Parameters<typeof webhookStep>[1] {
  const labels = facts.namespaces.get(subject.namespace) ?? {};
  return {
    injector,
    operatorNamespace: facts.operatorNamespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': subject.namespace, ...labels },
    podLabels: mapAt(subject.pod, ['metadata', 'labels']) as Record<string, string>,
  };
}

/** By the label that every injected pod has: a pod's own word, as anybody may write it. */
function foundIn(pod: JsonObject, injector: SidecarInjector): Found {
  const { name, creationTimestamp } = injector.metadata;
  const revision = member(mapAt(pod, ['metadata', 'labels']), injectedLabel(name));
  if (typeof revision === 'string') {
    const inForce = injector.status?.template?.revision ?? templateRevision(injector);
    return revision === inForce
      ? { state: 'injected', revision, message: `has the sidecar, revision ${revision} (current)` }
      : { state: 'outdated', revision, message: `has revision ${revision}; ${inForce} is in force` };
  }
  const created = member(mapAt(pod, ['metadata']), 'creationTimestamp');
  const isOlder = typeof created === 'string' && Date.parse(created) < Date.parse(creationTimestamp ?? '');
  const why = isOlder ? ': it was created before the SidecarInjector' : '';
  return { state: 'without', message: `has no sidecar of it${why}` };
}

function conditionsNote(injector: SidecarInjector): string[] {
  const { matchConditions } = selectionOf(injector);
  if (matchConditions.length === 0) return [];
  const names = matchConditions.map(({ name }) => name).join(', ');
  return [`matchConditions (${names}) are evaluated by the API server; here they are taken for true`];
}

/** A live injector that is not well: then the checks are not all there is to it. */
function notReady({ metadata, status }: SidecarInjector): Advice[] {
  if (metadata.uid === undefined) return [];
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready?.status === 'True') return [];
  const text = `the SidecarInjector is not ready: ${ready?.message ?? 'the operator has not looked at it'}`;
  return [{ text, command: `kubectl sidecar-injector status ${metadata.name}` }];
}
