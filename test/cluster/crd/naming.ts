import type { Condition, CustomResourceDefinition, Names } from './definition.ts';

/**
 * Which of the requested names a definition gets, when others of its group may have them already, and the condition that says so
 * (apiextensions-apiserver/pkg/controller/status/naming_controller.go).
 */
export function acceptNames(
  definition: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): { names: Names; condition: Condition } {
  const accepted = others
    .filter(({ spec }) => spec.group === definition.spec.group)
    .map(({ status }) => status?.acceptedNames);
  const resources = new Set(
    accepted.flatMap((names) => [names?.plural, names?.singular, ...(names?.shortNames ?? [])]),
  );
  const kinds = new Set(accepted.flatMap((names) => [names?.kind, names?.listKind]));
  const wanted = definition.spec.names;
  const had = definition.status.acceptedNames;
  const names: Names = { plural: had?.plural ?? '', kind: had?.kind ?? '' };
  let conflict: { reason: string; message: string } | undefined;
  const claim = (
    field: 'plural' | 'singular' | 'kind' | 'listKind',
    used: ReadonlySet<string | undefined>,
    reason: string,
  ): void => {
    const name = wanted[field] ?? '';
    if (name !== (had?.[field] ?? '') && used.has(name))
      conflict = { reason, message: `${JSON.stringify(name)} is already in use` };
    else names[field] = name;
  };
  claim('plural', resources, 'PluralConflict');
  claim('singular', resources, 'SingularConflict');
  const taken = (wanted.shortNames ?? []).filter((name) => !had?.shortNames?.includes(name) && resources.has(name));
  if (taken.length > 0) {
    const texts = taken.map((name) => `${JSON.stringify(name)} is already in use`);
    conflict = {
      reason: 'ShortNamesConflict',
      message: texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`,
    };
  } else if (wanted.shortNames !== undefined) names.shortNames = wanted.shortNames;
  claim('kind', kinds, 'KindConflict');
  claim('listKind', kinds, 'ListKindConflict');
  if (wanted.categories !== undefined) names.categories = wanted.categories;
  const condition: Condition =
    conflict === undefined
      ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', ...conflict };
  return { names, condition };
}
