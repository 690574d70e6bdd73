/** Which namespaces an injector selects, and which ones somebody perhaps meant to be selected. */
import { selectionOf } from '../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, PROBE_NAMESPACE } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { nearMatches, type LabelledNamespace } from './near-match.ts';
import { selectorMatches } from './selector.ts';

const MAX_NAMED = 5;

/** The condition SelectorMatches in words. */
export function selectorFacts(
  injector: SidecarInjector,
  namespaces: readonly LabelledNamespace[],
  operatorNamespace: string,
): { matches: boolean; message: string } {
  const { namespaceSelector } = selectionOf(injector);
  const never = new Set([...EXCLUDED_NAMESPACES, PROBE_NAMESPACE, operatorNamespace]);
  const eligible = namespaces.filter(({ name }) => !never.has(name));
  const matching = eligible.filter(({ labels }) => selectorMatches(namespaceSelector, labels));
  if (matching.length > 0) return { matches: true, message: `selects ${named(matching.map(({ name }) => name))}` };

  const near = nearMatches(namespaceSelector, eligible).map(
    ({ namespace, wanted, found, why }) => `${namespace} has ${found}, wanted is ${wanted}: ${why}`,
  );
  const hint = near.length > 0 ? `; nearly: ${named(near, '; ')}` : '';
  const unable = namespaces.filter(({ name, labels }) => never.has(name) && selectorMatches(namespaceSelector, labels));
  const excluded = unable.length > 0 ? `; never injected: ${named(unable.map(({ name }) => name))}` : '';
  return { matches: false, message: `no namespace matches spec.selection.namespaceSelector${hint}${excluded}` };
}

function named(names: readonly string[], separator = ', '): string {
  const shown = names.slice(0, MAX_NAMED).join(separator);
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}
