import { until } from './until.ts';

/** `until` for what happens in this process: looked at often, and named by its own text when nobody names it. */
export const eventually = async <T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  { limitMs = 5000, what = condition.toString() }: { limitMs?: number; what?: string } = {},
): Promise<T> => until(what, condition, { timeoutMs: limitMs, everyMs: 5 });
