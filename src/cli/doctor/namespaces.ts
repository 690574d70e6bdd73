/** Which namespaces an injector selects, found by their labels without asking every one of thousands. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import { EXCLUDED_NAMESPACES, PROBE_NAMESPACE } from '../../api/v1alpha1/names.ts';
import type { LabelSelector, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { selectorMatches } from '../../domain/selector.ts';
import type { Namespace } from '../../kube/objects.ts';
import type { Facts } from './facts.ts';

interface Index {
  eligible: readonly Namespace[];
  /** By `key=value`. */
  byLabel: ReadonlyMap<string, readonly Namespace[]>;
}

const indexes = new WeakMap<readonly Namespace[], Index>();

/** The namespaces in which pods may be injected at all. */
export function eligible(facts: Facts): readonly Namespace[] {
  return indexOf(facts).eligible;
}

function indexOf({ lists, operatorNamespace }: Facts): Index {
  const { items } = lists.namespaces;
  const known = indexes.get(items);
  if (known !== undefined) return known;
  const never = new Set([...EXCLUDED_NAMESPACES, PROBE_NAMESPACE, operatorNamespace]);
  const able = items.filter(({ metadata }) => !never.has(metadata.name) && metadata.deletionTimestamp === undefined);
  const byLabel = new Map<string, Namespace[]>();
  for (const namespace of able) {
    for (const [key, value] of Object.entries(namespace.metadata.labels ?? {})) {
      const label = `${key}=${value}`;
      const list = byLabel.get(label);
      if (list === undefined) byLabel.set(label, [namespace]);
      else list.push(namespace);
    }
  }
  const index = { eligible: able, byLabel };
  indexes.set(items, index);
  return index;
}

/** A few namespaces that can match at all; all where the selector names no value. */
function candidates({ matchLabels = {}, matchExpressions = [] }: LabelSelector, index: Index): readonly Namespace[] {
  const [pair] = Object.entries(matchLabels);
  if (pair !== undefined) return index.byLabel.get(pair.join('=')) ?? [];
  const one = matchExpressions.find(({ operator }) => operator === 'In');
  if (one !== undefined) return (one.values ?? []).flatMap((value) => index.byLabel.get(`${one.key}=${value}`) ?? []);
  return index.eligible;
}

/** The namespaces that the injector selects. */
export function selectedBy(facts: Facts, injector: SidecarInjector): Namespace[] {
  const { namespaceSelector } = selectionOf(injector);
  return candidates(namespaceSelector, indexOf(facts)).filter(({ metadata }) =>
    selectorMatches(namespaceSelector, metadata.labels),
  );
}
