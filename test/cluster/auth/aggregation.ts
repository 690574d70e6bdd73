import { labelSelectorMatches } from '../selectors.ts';
import type { LabelSelector } from '../selectors.ts';
import type { Controller, KubeObject, ObjectStore } from '../types.ts';
import type { PolicyRule } from './policyrules.ts';
import { rbacKey } from './rbac.ts';

const KEY = rbacKey('clusterroles');

function aggregate(store: ObjectStore, role: KubeObject): void {
  const rule = role['aggregationRule'] as { clusterRoleSelectors?: LabelSelector[] } | undefined;
  if (!rule?.clusterRoleSelectors?.length) return;
  const rules = new Map<string, PolicyRule>();
  for (const other of store.list(KEY)) {
    const { labels, name } = other.metadata;
    if (name === role.metadata.name) continue;
    if (!rule.clusterRoleSelectors.some((selector) => labelSelectorMatches(selector, labels))) continue;
    for (const each of (other['rules'] as PolicyRule[] | undefined) ?? []) rules.set(JSON.stringify(each), each);
  }
  const wanted = [...rules.values()];
  if (JSON.stringify(wanted) !== JSON.stringify(role['rules'] ?? []))
    store.update(KEY, { ...structuredClone(role), rules: structuredClone(wanted) }, role);
}

/** Fills the rules of ClusterRoles with an aggregationRule (pkg/controller/clusterroleaggregation). */
export const clusterRoleAggregation: Controller = ({ store }) => {
  let waiting = false;
  const run = (): void => {
    waiting = false;
    for (const role of store.list(KEY)) aggregate(store, role);
  };
  const stop = store.subscribe(KEY, () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(run);
  });
  run();
  return stop;
};
