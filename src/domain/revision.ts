/** The template's revision: which template a pod got, so that a change can be told from running pods. */
import { createHash } from 'node:crypto';
import { injectionOf, selectionOf, templateOf } from '../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { canonicalJson, mapAt, member } from './json.ts';

const revisions = new WeakMap<SidecarInjector['spec'], string>();

/**
 * 12 hex digits over everything that ends up in a pod: containers, volumes, metadata, pull secrets, and how they are
 * placed. The order of keys does not matter. Remembered per spec object, as a hash per request would be waste; a spec
 * is never changed in place.
 */
export function templateRevision(injector: SidecarInjector): string {
  const known = revisions.get(injector.spec);
  if (known !== undefined) return known;
  const { sidecarMode, position, anchor } = injectionOf(injector);
  const text = canonicalJson({ template: templateOf(injector), sidecarMode, position, anchor });
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 12);
  revisions.set(injector.spec, revision);
  return revision;
}

const INJECTED = 'injected@';

/** Value of the status annotation. */
export function statusValue(revision: string): string {
  return `${INJECTED}${revision}`;
}

/**
 * The revision that a pod's status annotation tells of; undefined for a pod without one. It counts pods; it is never
 * trusted in place of the pod's content, because anybody who may create a pod may write it.
 */
export function injectedRevision(pod: unknown, injector: SidecarInjector): string | undefined {
  const value = member(mapAt(pod, ['metadata', 'annotations']), selectionOf(injector).statusAnnotation);
  return typeof value === 'string' && value.startsWith(INJECTED) ? value.slice(INJECTED.length) : undefined;
}
