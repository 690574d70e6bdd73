/** Label selectors, as k8s.io/apimachinery/pkg/labels matches them. Keys such as `constructor` are ordinary keys. */
import type { LabelSelector, LabelSelectorRequirement } from '../api/v1alpha1/types.ts';

type Labels = Readonly<Record<string, string>>;

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function holds(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = valueOf(labels, requirement.key);
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      // An object without the key matches too (labels.Requirement.Matches).
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function requirementText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
}

/** The requirements that the labels do not meet, as text; empty when the selector matches. */
export function unmetRequirements(selector: LabelSelector, labels: Labels = {}): string[] {
  const pairs = Object.entries(selector.matchLabels ?? {})
    .filter(([key, wanted]) => valueOf(labels, key) !== wanted)
    .map(([key, wanted]) => `${key}=${wanted}`);
  const expressions = (selector.matchExpressions ?? []).filter((requirement) => !holds(requirement, labels));
  return [...pairs, ...expressions.map((requirement) => requirementText(requirement))];
}

/** Whether the labels meet every requirement. An empty selector matches everything. */
export function selectorMatches(selector: LabelSelector, labels: Labels = {}): boolean {
  return unmetRequirements(selector, labels).length === 0;
}

/** True for a selector that asks nothing, and so selects everything. */
export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
