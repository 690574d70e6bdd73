import type { Comparison } from './compare.ts';
import { FieldSet } from './fieldset.ts';
import type { Manager, Managers } from './managers.ts';

/** The comparison without the fields that the write resets anyway. */
export function filtered(comparison: Comparison, reset: FieldSet): Comparison {
  const { added, removed, modified } = comparison;
  return { added: added.without(reset), removed: removed.without(reset), modified: modified.without(reset) };
}

/** The other managers that own something which a write changes, with just these fields (structured-merge-diff/v6/merge/update.go: update). */
export function contestedBy(managers: Managers, writer: string | undefined, change: Comparison): Manager[] {
  const changed = change.modified.union(change.added);
  const others = [...managers].filter(([identity]) => identity !== writer).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const contested = others.map(([, manager]) => ({ ...manager, fields: manager.fields.intersection(changed) }));
  return contested.filter(({ fields }) => !fields.isEmpty);
}

/** Takes what a write changed or removed away from the other managers; who owns nothing any more is forgotten. */
export function disown(managers: Managers, writer: string | undefined, change: Comparison): void {
  const lost = change.modified.union(change.added).union(change.removed);
  for (const [identity, manager] of managers) {
    if (identity === writer) continue;
    const fields = manager.fields.difference(lost);
    if (fields.isEmpty) managers.delete(identity);
    else managers.set(identity, { ...manager, fields });
  }
}

/** All that anybody owns. */
export function ownedByAnyone(managers: Managers): FieldSet {
  return [...managers.values()].reduce((all, { fields }) => all.union(fields), new FieldSet());
}
