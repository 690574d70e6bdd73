import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the condition gives something true, and gives that; fails after `limitMs` with the last error or `what`. */
export const eventually = async <T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { limitMs = 5000, what = condition.toString() }: { limitMs?: number; what?: string } = {},
): Promise<T> => {
  const end = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end)
      throw last instanceof Error ? last : new Error(`did not happen in ${limitMs} ms: ${what}`);
    await sleep(5);
  }
};
