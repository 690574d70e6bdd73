/** What can be done so that a pod gets its sidecar: in words, and as a command where one does. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { misspeltKey } from '../../domain/annotation.ts';
import { mapAt } from '../../domain/json.ts';
import { nearMatches } from '../../domain/near-match.ts';
import { REASONS } from '../../domain/reasons.ts';
import type { Facts } from './facts.ts';
import type { Found, InjectorExplanation, Subject } from './judge.ts';

export interface Advice {
  text: string;
  command?: string;
}

export interface Case {
  injector: SidecarInjector;
  reason: InjectorExplanation['reason'];
  subject: Subject;
  facts: Facts;
  found: Found | undefined;
}

export function adviceFor(given: Case): Advice[] {
  return [...annotationAdvice(given), ...reasonAdvice(given), ...restartAdvice(given)];
}

/** Annotations that were meant for this injector, and do not reach it. */
function annotationAdvice({ injector, subject, facts, reason }: Case): Advice[] {
  const { annotation } = selectionOf(injector);
  const { pod, maker } = subject;
  const here = mapAt(pod, ['metadata', 'annotations']);
  if (Object.hasOwn(here, annotation)) return [];
  const others = new Set(facts.injectors.map((each) => selectionOf(each).annotation));
  const misspelt = misspeltKey(here, annotation, others);
  const advice: Advice[] = [];
  if (misspelt !== undefined) advice.push({ text: `annotation ${misspelt} is misspelt: ${annotation} is the one` });
  const onMaker = maker && mapAt(maker.object, ['metadata', 'annotations']);
  if (maker !== undefined && onMaker !== undefined && Object.hasOwn(onMaker, annotation)) {
    const text = `annotation ${annotation} is on the ${maker.kind} itself: pods get those of its template only`;
    advice.push({ text, ...commandOf(annotate(subject, annotation, String(onMaker[annotation]))) });
  } else if (reason === 'pod_not_asked') {
    advice.push({ text: 'ask for it by the annotation', ...commandOf(annotate(subject, annotation, 'true')) });
  }
  return advice;
}

function reasonAdvice(given: Case): Advice[] {
  const { injector, reason, subject } = given;
  if (reason === 'namespace_not_selected') return namespaceAdvice(given);
  if (reason === 'namespace_unknown') {
    const { namespace } = subject;
    return [{ text: `namespace ${namespace} does not exist`, command: `kubectl create namespace ${namespace}` }];
  }
  if (reason === 'webhook_not_called') {
    return [{ text: 'see what keeps the operator from its work', command: 'kubectl sidecar-injector doctor' }];
  }
  const { fix } = REASONS[reason];
  if (fix === '' || reason === 'pod_not_asked') return [];
  if (reason !== 'paused' && reason !== 'would_inject') return [{ text: fix }];
  const patch = quoted(JSON.stringify({ spec: { mode: 'Enforce' } }));
  return [{ text: fix, command: `kubectl patch sidecarinjector ${injector.metadata.name} --type=merge -p ${patch}` }];
}

/** The labels that a namespace nearly has, or else those that it needs. */
function namespaceAdvice({ injector, subject: { namespace }, facts }: Case): Advice[] {
  const { namespaceSelector } = selectionOf(injector);
  const labels = facts.namespaces.get(namespace) ?? {};
  const labelling = `kubectl label namespace ${namespace} --overwrite`;
  const near = nearMatches(namespaceSelector, [{ name: namespace, labels }]);
  if (near.length > 0) {
    return near.map(({ wanted, found, why, label }) => ({
      text: `namespace ${namespace} has ${found}, ${wanted} is wanted: ${why}`,
      command: `${labelling} ${quoted(label)}`,
    }));
  }
  const missing = Object.entries(namespaceSelector.matchLabels ?? {}).filter(([key, value]) => labels[key] !== value);
  const command = [labelling, ...missing.map((pair) => quoted(pair.join('=')))].join(' ');
  return [{ text: 'label the namespace', ...(missing.length > 0 && { command }) }];
}

/** A running pod stays as it is: another one has to take its place. */
function restartAdvice({ found, reason, subject }: Case): Advice[] {
  const { maker, namespace } = subject;
  const would = reason === 'injected';
  if (found === undefined || found.state === 'injected' || (found.state === 'without' && !would)) return [];
  const command =
    maker?.restartable === true
      ? `kubectl rollout restart ${maker.kind.toLowerCase()}/${maker.name} -n ${namespace}`
      : undefined;
  return [{ text: 'a new pod gets the sidecar of now: let one take the place of this', ...commandOf(command) }];
}

/** The command that gives the pods of a workload an annotation. */
function annotate({ maker, namespace }: Subject, key: string, value: string): string | undefined {
  if (maker?.restartable !== true) return undefined;
  const patch = { spec: { template: { metadata: { annotations: { [key]: value } } } } };
  return `kubectl patch ${maker.kind.toLowerCase()} ${maker.name} -n ${namespace} --type=merge -p ${quoted(JSON.stringify(patch))}`;
}

function commandOf(command: string | undefined): { command?: string } {
  return command === undefined ? {} : { command };
}

/** One word for a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
