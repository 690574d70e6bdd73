import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds before it gives up. */
  timeoutMs?: number;
  /** Milliseconds between two looks. */
  everyMs?: number;
}

/**
 * Looks until `probe` gives something other than undefined or false, and gives that back. What it throws counts as
 * "not yet". Rejects after the limit with `what` and the last thing seen.
 */
export const until = async <T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 15_000, everyMs = 25 }: UntilOptions = {},
): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await probe();
      if (seen !== undefined && seen !== false) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${what} (last seen: ${String(last)})`, { cause: last });
    }
    await delay(everyMs);
  }
};
