/** What a pod's annotations ask for: the opt-in value, and keys that were probably meant to be it. */

type Annotations = Readonly<Record<string, unknown>>;

/** strconv.ParseBool of Go, and yes/no/on/off in any case. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const TRUE_WORDS = new Set(['yes', 'on']);
const FALSE_WORDS = new Set(['no', 'off']);

/** The boolean that a text stands for; undefined for anything else. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.has(text) || TRUE_WORDS.has(text.toLowerCase())) return true;
  if (FALSE.has(text) || FALSE_WORDS.has(text.toLowerCase())) return false;
  return undefined;
}

export type Wish =
  { kind: 'absent' } | { kind: 'value'; wanted: boolean; text: string } | { kind: 'unreadable'; text: string };

/** What the annotation `key` says. */
export function wishOf(annotations: Annotations, key: string): Wish {
  if (!Object.hasOwn(annotations, key)) return { kind: 'absent' };
  const value = annotations[key];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const wanted = typeof value === 'string' ? parseBoolean(value) : undefined;
  return wanted === undefined ? { kind: 'unreadable', text } : { kind: 'value', wanted, text };
}

/** Typing errors that a key may have and still count as a misspelling. */
const MAX_EDITS = 2;

/** A key of the pod that is almost `key`, and is not one of `known` (the annotations of other injectors). */
export function misspeltKey(
  annotations: Annotations,
  key: string,
  known: ReadonlySet<string> = new Set(),
): string | undefined {
  return Object.keys(annotations).find(
    (candidate) => candidate !== key && !known.has(candidate) && withinEdits(candidate, key, MAX_EDITS),
  );
}

/**
 * Whether two texts differ by at most `limit` inserted, left out or replaced characters; upper and lower case count as
 * the same. Only a band of the table is filled, so the cost is length x limit: pods may bring thousands of keys.
 */
export function withinEdits(left: string, right: string, limit: number): boolean {
  // Letters that change their number with their case are not in keys; most pairs end here.
  if (Math.abs(left.length - right.length) > 2 * limit) return false;
  const a = left.toLowerCase();
  const b = right.toLowerCase();
  if (Math.abs(a.length - b.length) > limit) return false;
  const far = limit + 1;
  // Two rows of the table, in turn. Beside the band stands `far`, whatever an earlier row has left there.
  let previous = Array.from({ length: b.length + 2 }, (_, column) => Math.min(column, far));
  let current = previous.slice();
  for (let row = 1; row <= a.length; row += 1) {
    const [first, last] = [Math.max(1, row - limit), Math.min(b.length, row + limit)];
    current[first - 1] = Math.min(row, far);
    let best = current[first - 1] ?? far;
    for (let column = first; column <= last; column += 1) {
      const replaced = (previous[column - 1] ?? far) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const cost = Math.min(replaced, (previous[column] ?? far) + 1, (current[column - 1] ?? far) + 1, far);
      current[column] = cost;
      best = Math.min(best, cost);
    }
    if (best > limit) return false;
    current[last + 1] = far;
    [previous, current] = [current, previous];
  }
  return (previous[b.length] ?? far) <= limit;
}
