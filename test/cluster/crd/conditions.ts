import type { Condition, CustomResourceDefinition } from './definition.ts';

/** Adds or replaces a condition; its time moves only with its status. */
export function setCondition(definition: CustomResourceDefinition, condition: Condition, now: Date): void {
  const conditions = (definition.status.conditions ??= []);
  const known = conditions.find(({ type }) => type === condition.type);
  const unchanged = known?.status === condition.status ? known.lastTransitionTime : undefined;
  const entry = { ...condition, lastTransitionTime: unchanged ?? `${now.toISOString().slice(0, 19)}Z` };
  if (known === undefined) conditions.push(entry);
  else Object.assign(known, entry);
}

/** Whether a condition holds. */
export function isTrue(definition: CustomResourceDefinition, type: string): boolean {
  return (
    definition.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  );
}
