/** Abort signals that end with another one, and leave nothing behind on it. */

export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Ends the link; must be called on every path. */
  unlink(): void;
}

/**
 * A signal that aborts with its parent or by itself. `AbortSignal.any` would do the same, but leaves an entry on a parent
 * that lives as long as the process for each call made.
 */
export const linkAbort = (parent: AbortSignal | undefined): LinkedAbort => {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onAbort();
  else parent?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    unlink: () => parent?.removeEventListener('abort', onAbort),
  };
};
