/** The annotations that all injectors listen to, which are no misspellings of each other: kept, as every request asks. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { ResourceCache } from '../../kube/cache.ts';
import type { InjectorObject } from '../caches.ts';

/** Gives a function that answers at once; what it holds is made anew after a change of an injector. */
export function followAnnotations(injectors: ResourceCache<InjectorObject>): () => ReadonlySet<string> {
  let known: ReadonlySet<string> | undefined;
  injectors.onChange(() => {
    known = undefined;
  });
  return () => (known ??= new Set(injectors.list().map((injector) => selectionOf(injector).annotation)));
}
