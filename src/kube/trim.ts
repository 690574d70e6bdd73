/** What the cache keeps of an object: everything but the two fields that are half of its size and that nobody reads. */

import type { KubeObject } from './objects.ts';

/** kubectl's copy of the whole object, made by client-side apply. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const freeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
};

/**
 * Drops managedFields and last-applied-configuration in place, and freezes the object deeply: it is shared by all
 * readers of the cache, and a change to it would be a change to everybody's truth. The object must be the caller's own.
 */
export const trim = <T extends KubeObject>(object: T): T => {
  const { metadata } = object;
  delete metadata.managedFields;
  if (metadata.annotations) delete metadata.annotations[LAST_APPLIED];
  freeze(object);
  return object;
};
