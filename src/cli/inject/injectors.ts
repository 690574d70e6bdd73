/** The SidecarInjectors and Namespaces among the inputs. */
import { KIND } from '../../api/v1alpha1/names.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { mapAt, member } from '../../domain/json.ts';
import { operatorError } from '../../errors.ts';
import { checkInjector } from '../injector-rules.ts';
import { asStored } from '../stored-injector.ts';
import type { Manifest } from './manifests.ts';
import { groupOf, nameOf } from './pod-places.ts';

export function isInjector(object: JsonObject): boolean {
  return groupOf(object) === 'sidecarinjector.dev' && member(object, 'kind') === KIND;
}

/**
 * The injectors, checked.
 *
 * @throws SI6004 when there is none, SI6005 when one is not valid or two have one name
 */
export function injectorsOf(manifests: readonly Manifest[]): SidecarInjector[] {
  const found = new Map<string, SidecarInjector>();
  for (const { source, objects } of manifests) {
    for (const { object } of objects.filter((located) => isInjector(located.object))) {
      const name = nameOf(object);
      const candidate = asStored(object);
      const problems = checkInjector(candidate);
      if (found.has(name)) problems.push('another one of this name is among the inputs');
      if (problems.length > 0) throw operatorError('SI6005', { source, name, problems: problems.join('; ') });
      found.set(name, candidate as unknown as SidecarInjector);
    }
  }
  if (found.size === 0) throw operatorError('SI6004', {});
  return [...found.values()];
}

/** The labels of the namespaces among the inputs. */
export function namespacesOf(manifests: readonly Manifest[]): Map<string, Record<string, string>> {
  const namespaces = manifests
    .flatMap(({ objects }) => objects.map(({ object }) => object))
    .filter((object) => groupOf(object) === '' && member(object, 'kind') === 'Namespace');
  return new Map(
    namespaces.map((object) => [nameOf(object), mapAt(object, ['metadata', 'labels']) as Record<string, string>]),
  );
}
