/** A wish for a new certificate, made by an annotation: `sidecarinjector.dev/rotate: <anything new>`. */
import type { SidecarInjector } from './types.ts';

export const ROTATE_ANNOTATION = 'sidecarinjector.dev/rotate';

/** The wish; empty when there is none. A value that begins with `ca` asks for a new certificate authority of the operator, too. */
export function rotationOf({ metadata }: SidecarInjector): string {
  return (metadata.annotations?.[ROTATE_ANNOTATION] ?? '').slice(0, 256);
}

/** Does the wish ask for a new authority? */
export function rotatesAuthority(wish: string): boolean {
  return /^ca(?![a-z])/i.test(wish);
}
