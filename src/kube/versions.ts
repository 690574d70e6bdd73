/** Which of two readings of an object is the newer one. */
import type { KubeObject } from './objects.ts';

const DECIMAL = /^\d{1,20}$/;

/**
 * Whether `a` was stored after `b`, both of one resource: resource versions are decimal numbers that only grow (KEP-5504, and
 * etcd's revisions before it). False for versions that are not numbers: nothing is known of their order.
 */
export function isNewer(a: KubeObject, b: KubeObject): boolean {
  const [version, other] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  return DECIMAL.test(version) && DECIMAL.test(other) && BigInt(version) > BigInt(other);
}
