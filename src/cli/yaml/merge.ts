/** Brings the changes from one text to another into a third that is written differently: the user's own. */
import { changesOf } from './diff.ts';

/**
 * `own` with the changes that make `changed` of `base`. Lines of `own` that these changes do not touch keep every byte.
 * Whether the result means what it should is for the caller to check.
 */
export function mergeLines(base: readonly string[], own: readonly string[], changed: readonly string[]): string[] {
  const { same, near } = counterparts(base, own);
  const result: string[] = [];
  let at = 0;
  for (const { aStart, aEnd, bStart, bEnd } of changesOf(base, changed)) {
    const previous = aStart === 0 ? -1 : (same[aStart - 1] ?? near[aStart - 1]);
    if (aStart === aEnd && previous !== undefined && previous + 1 >= at) {
      result.push(...own.slice(at, previous + 1), ...changed.slice(bStart, bEnd));
      at = previous + 1;
      continue;
    }
    // Where the lines around a change are written differently, the change takes them along.
    let [before, after] = [aStart - 1, aEnd];
    while (before >= 0 && same[before] === undefined) before -= 1;
    while (after < base.length && same[after] === undefined) after += 1;
    const start = (same[before] ?? -1) + 1;
    if (start < at) return [...changed];
    result.push(...own.slice(at, start), ...base.slice(before + 1, aStart));
    result.push(...changed.slice(bStart, bEnd), ...base.slice(aEnd, after));
    at = same[after] ?? own.length;
  }
  return [...result, ...own.slice(at)];
}

interface Counterparts {
  /** For each line of `base` the index of the same line in `own`. */
  same: (number | undefined)[];
  /** The same for lines that are written differently, as far as their place tells. */
  near: (number | undefined)[];
}

function counterparts(base: readonly string[], own: readonly string[]): Counterparts {
  const same: (number | undefined)[] = Array.from({ length: base.length });
  const near: (number | undefined)[] = Array.from({ length: base.length });
  const end = { aStart: base.length, aEnd: base.length, bStart: own.length, bEnd: own.length };
  let [a, b] = [0, 0];
  for (const { aStart, aEnd, bStart, bEnd } of [...changesOf(base, own), end]) {
    while (a < aStart) same[a++] = b++;
    for (let offset = 0; offset < Math.min(aEnd - aStart, bEnd - bStart); offset += 1) {
      near[aStart + offset] = bStart + offset;
    }
    [a, b] = [aEnd, bEnd];
  }
  return { same, near };
}
