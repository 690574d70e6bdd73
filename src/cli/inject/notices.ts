/** What is told on stderr of objects that are not injected, and what --strict makes of it. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { misspeltKey, wishOf } from '../../domain/annotation.ts';
import { mapAt, member } from '../../domain/json.ts';
import { oneLine } from '../../domain/warnings.ts';
import type { Outcome } from './admission.ts';
import { kindOf, nameOf } from './pod-places.ts';
import type { Rendered } from './render.ts';

export interface Notice {
  text: string;
  /** Something was asked for, and is not there: --strict fails. */
  isMissed: boolean;
}

/** The lines for one object, in the order of its pods and of the injectors. */
export function noticesOf(rendered: Rendered, source: string, injectors: readonly SidecarInjector[]): Notice[] {
  const known = new Set(injectors.map((injector) => selectionOf(injector).annotation));
  const subject = subjectOf(rendered, source);
  const notices = rendered.pods.flatMap(({ pod, outcomes }) =>
    outcomes.flatMap((outcome) => outcomeNotices(outcome, pod, subject, rendered, known)),
  );
  for (const injector of injectors) {
    const key = selectionOf(injector).annotation;
    if (rendered.pods.some(({ place }) => place.length > 0) && misplaced(rendered, key)) {
      const text = `warning: ${subject}: annotation ${key} is on the ${kindOf(rendered.object)} itself; pods get those of its template only`;
      notices.push({ text, isMissed: true });
    }
  }
  if (rendered.looksLikeWorkload) {
    const kind = kindOf(rendered.object);
    const text = `warning: ${subject}: looks like a workload; add --pod-path ${kind}=spec.template to have its pods injected`;
    notices.push({ text, isMissed: false });
  }
  return notices;
}

function outcomeNotices(
  outcome: Outcome,
  pod: JsonObject,
  subject: string,
  { object, namespace }: Rendered,
  known: ReadonlySet<string>,
): Notice[] {
  const { injector, action, reason, message, warnings } = outcome;
  const isMissed = action !== 'Inject' && reason !== 'already_injected' && isWanted(outcome, pod, known);
  const lines: Notice[] = warnings.map((warning) => ({ text: `warning: ${subject}: ${warning}`, isMissed }));
  const { annotation } = selectionOf(injector);
  const value = member(mapAt(pod, ['metadata', 'annotations']), annotation);
  if (value !== undefined && typeof value !== 'string') {
    lines.push({
      text: `warning: ${subject}: the value of ${annotation} is no string in YAML 1.1: quote it`,
      isMissed,
    });
  }
  if (action === 'Inject') return lines;
  const event = action === 'Reject' ? 'reject' : 'skip_mutation';
  const fields = `[${event}][reason=${reason}][name:${field(nameOf(object))}][ns:${field(namespace)}]`;
  return [...lines, { text: `${fields} ${subject}: ${injector.metadata.name}: ${oneLine(message, 400)}`, isMissed }];
}

/** Whether the pod asks for this sidecar, or probably means to; or, with OptOut, was selected and yet left out. */
function isWanted({ injector, reason }: Outcome, pod: JsonObject, known: ReadonlySet<string>): boolean {
  const { annotation, policy } = selectionOf(injector);
  const annotations = mapAt(pod, ['metadata', 'annotations']);
  const wish = wishOf(annotations, annotation);
  if (wish.kind === 'value') return wish.wanted;
  if (wish.kind === 'unreadable' || misspeltKey(annotations, annotation, known) !== undefined) return true;
  const unselected = ['namespace_not_selected', 'object_not_selected', 'namespace_excluded', 'pod_not_asked'];
  return policy === 'OptOut' && !unselected.includes(reason);
}

/** Whether the annotation sits on the workload, where nobody reads it, and not on its pods. */
function misplaced({ object, pods }: Rendered, key: string): boolean {
  const here = Object.hasOwn(mapAt(object, ['metadata', 'annotations']), key);
  return here && !pods.some(({ pod }) => Object.hasOwn(mapAt(pod, ['metadata', 'annotations']), key));
}

function subjectOf({ object, namespace }: Rendered, source: string): string {
  return oneLine(`${kindOf(object)} ${namespace}/${nameOf(object)} (${source})`, 400);
}

/** Brackets would let a name end a field of the line and begin another. */
function field(text: string): string {
  return oneLine(text, 253).replaceAll(/[[\]]/g, '_');
}
