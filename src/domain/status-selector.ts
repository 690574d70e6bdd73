/** Which namespaces an injector selects, and which ones somebody perhaps meant to be selected. */
import { selectionOf } from '../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, PROBE_NAMESPACE } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { withinEdits } from './annotation.ts';
import { selectorMatches } from './selector.ts';

export interface NamespaceLabels {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** How many letters a label may be off to be taken for a slip. */
const MAX_EDITS = 2;
const MAX_NAMED = 5;

/** The condition SelectorMatches in words. */
export function selectorFacts(
  injector: SidecarInjector,
  namespaces: readonly NamespaceLabels[],
  operatorNamespace: string,
): { matches: boolean; message: string } {
  const { namespaceSelector } = selectionOf(injector);
  const never = new Set([...EXCLUDED_NAMESPACES, PROBE_NAMESPACE, operatorNamespace]);
  const eligible = namespaces.filter(({ name }) => !never.has(name));
  const matching = eligible.filter(({ labels }) => selectorMatches(namespaceSelector, labels));
  if (matching.length > 0) return { matches: true, message: `selects ${named(matching.map(({ name }) => name))}` };

  const near = eligible.flatMap(({ name, labels }) => {
    const slip = nearMiss(labels, namespaceSelector.matchLabels ?? {});
    return slip === undefined ? [] : [`${name} (${slip})`];
  });
  const hint = near.length > 0 ? `; nearly: ${named(near)}` : '';
  return { matches: false, message: `no namespace matches spec.selection.namespaceSelector${hint}` };
}

/** The label of the namespace that nearly is the wanted one. */
function nearMiss(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): string | undefined {
  for (const [key, value] of Object.entries(wanted)) {
    for (const [otherKey, otherValue] of Object.entries(labels)) {
      const sameKey = otherKey === key;
      if (sameKey && otherValue !== value) return `has ${otherKey}=${otherValue}`;
      if (!sameKey && withinEdits(otherKey, key, MAX_EDITS)) return `has ${otherKey}=${otherValue}`;
    }
  }
  return undefined;
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(', ');
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}
