/** Brings the changes from one text to another into a third that is written differently: the user's own. */
import { changesOf } from './diff.ts';

/**
 * `own` with the changes that make `changed` of `base`. Lines of `own` that these changes do not touch keep every byte.
 * Whether the result means what it should is for the caller to check.
 */
export function mergeLines(base: readonly string[], own: readonly string[], changed: readonly string[]): string[] {
  const ownLine = matches(base, own);
  const result: string[] = [];
  let at = 0;
  for (const { aStart, aEnd, bStart, bEnd } of changesOf(base, changed)) {
    // Where the lines around a change are written differently, the change takes them along.
    let [before, after] = [aStart - 1, aEnd];
    while (before >= 0 && ownLine[before] === undefined) before -= 1;
    while (after < base.length && ownLine[after] === undefined) after += 1;
    const start = before < 0 ? 0 : (ownLine[before] ?? 0) + 1;
    const end = after < base.length ? (ownLine[after] ?? own.length) : own.length;
    const isInsertion = aStart === aEnd && before === aStart - 1;
    if (start < at) return [...changed];
    result.push(...own.slice(at, start));
    result.push(...base.slice(before + 1, aStart).filter(() => !isInsertion), ...changed.slice(bStart, bEnd));
    if (isInsertion) at = start;
    else {
      result.push(...base.slice(aEnd, after));
      at = end;
    }
  }
  result.push(...own.slice(at));
  return result;
}

/** For each line of `base` the index of the same line in `own`. */
function matches(base: readonly string[], own: readonly string[]): (number | undefined)[] {
  const found: (number | undefined)[] = Array.from({ length: base.length });
  let [a, b] = [0, 0];
  for (const change of [
    ...changesOf(base, own),
    { aStart: base.length, aEnd: base.length, bStart: own.length, bEnd: own.length },
  ]) {
    while (a < change.aStart) found[a++] = b++;
    [a, b] = [change.aEnd, change.bEnd];
  }
  return found;
}
