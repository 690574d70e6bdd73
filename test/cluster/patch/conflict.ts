import { applyConflict, type StatusError } from '../status.ts';
import { pathText } from './fieldset.ts';
import type { Manager } from './managers.ts';

/** The 409 that names every contested field and who manages it (apimachinery/pkg/util/managedfields/internal/conflict.go). */
export function conflictError(contested: readonly Manager[]): StatusError {
  const conflicts = contested.flatMap((manager) =>
    manager.fields.paths().map((path) => ({ owner: ownerText(manager), field: pathText(path) })),
  );
  const causes = conflicts.map(({ owner, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${owner}`,
    field,
  }));
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return applyConflict(causes, `Apply failed with 1 conflict: conflict with ${first.owner}: ${first.field}`);
  }
  const lines = Map.groupBy(conflicts, ({ owner }) => owner);
  const text = [...lines].flatMap(([owner, fields]) => [
    `conflicts with ${owner}:`,
    ...fields.map(({ field }) => `- ${field}`),
  ]);
  return applyConflict(causes, `Apply failed with ${conflicts.length} conflicts: ${text.join('\n')}`);
}

function ownerText({ manager, subresource, operation, apiVersion }: Manager): string {
  const name =
    JSON.stringify(manager) + (subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === 'Update' ? `${name} using ${apiVersion}` : name;
}
