/** The differences of two lists of lines: E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). */

/** Lines [aStart, aEnd) of the one became lines [bStart, bEnd) of the other. */
export interface Change {
  aStart: number;
  aEnd: number;
  bStart: number;
  bEnd: number;
}

/** Texts that differ in more lines than this count as all different: memory grows with the square. */
const MAX_DISTANCE = 3000;

/** The fewest changes that make `b` of `a`, in order. */
export function changesOf(a: readonly string[], b: readonly string[]): Change[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const inner = shortest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return inner.map(({ aStart, aEnd, bStart, bEnd }) => ({
    aStart: aStart + start,
    aEnd: aEnd + start,
    bStart: bStart + start,
    bEnd: bEnd + start,
  }));
}

function shortest(a: readonly string[], b: readonly string[]): Change[] {
  if (a.length === 0 && b.length === 0) return [];
  const rounds: Int32Array[] = [];
  const limit = Math.min(a.length + b.length, MAX_DISTANCE);
  // reached[k + offset] is how far along `a` the diagonal k = x - y was followed.
  const offset = limit + 1;
  const reached = new Int32Array(2 * limit + 3);
  for (let distance = 0; distance <= limit; distance += 1) {
    rounds.push(reached.slice(offset - distance - 1, offset + distance + 2));
    for (let k = -distance; k <= distance; k += 2) {
      let x = fromAbove(reached, offset, k, distance)
        ? (reached[offset + k + 1] ?? 0)
        : (reached[offset + k - 1] ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reached[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(rounds, a.length, b.length);
    }
  }
  return [{ aStart: 0, aEnd: a.length, bStart: 0, bEnd: b.length }];
}

/** Whether the best way to the diagonal k takes a line of `b`, rather than leaves out one of `a`. */
function fromAbove(reached: Int32Array, offset: number, k: number, distance: number): boolean {
  if (k === -distance) return true;
  return k !== distance && (reached[offset + k - 1] ?? 0) < (reached[offset + k + 1] ?? 0);
}

function walkBack(rounds: readonly Int32Array[], aLength: number, bLength: number): Change[] {
  const changes: Change[] = [];
  let [x, y] = [aLength, bLength];
  for (let distance = rounds.length - 1; distance > 0; distance -= 1) {
    const reached = rounds[distance] ?? new Int32Array();
    const offset = distance + 1;
    const above = fromAbove(reached, offset, x - y, distance);
    const k = above ? x - y + 1 : x - y - 1;
    const fromX = reached[offset + k] ?? 0;
    const fromY = fromX - k;
    const change = above
      ? { aStart: fromX, aEnd: fromX, bStart: fromY, bEnd: fromY + 1 }
      : { aStart: fromX, aEnd: fromX + 1, bStart: fromY, bEnd: fromY };
    const next = changes[0];
    if (next !== undefined && next.aStart === change.aEnd && next.bStart === change.bEnd) {
      [next.aStart, next.bStart] = [change.aStart, change.bStart];
    } else changes.unshift(change);
    [x, y] = [fromX, fromY];
  }
  return changes;
}

const CONTEXT = 3;

/** A unified diff as `diff -u` prints it, without times; empty for equal texts. */
export function unifiedDiff(oldName: string, newName: string, oldText: string, newText: string): string {
  const [a, b] = [linesOf(oldText), linesOf(newText)];
  const changes = changesOf(a, b);
  if (changes.length === 0) return '';
  const lines = [`--- ${oldName}`, `+++ ${newName}`];
  for (const group of groupsOf(changes)) lines.push(...hunk(a, b, group));
  return `${lines.join('\n')}\n`;
}

/** The lines; a last one without a line end says so, and differs from the same one with it. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

/** Changes whose context would overlap are one hunk. */
function groupsOf(changes: readonly Change[]): [Change, ...Change[]][] {
  const groups: [Change, ...Change[]][] = [];
  for (const change of changes) {
    const last = groups.at(-1);
    if (last !== undefined && change.aStart - (last.at(-1)?.aEnd ?? 0) <= 2 * CONTEXT) last.push(change);
    else groups.push([change]);
  }
  return groups;
}

function hunk(a: readonly string[], b: readonly string[], group: [Change, ...Change[]]): string[] {
  const [first] = group;
  const last = group.at(-1) ?? first;
  const from = Math.max(0, first.aStart - CONTEXT);
  const to = Math.min(a.length, last.aEnd + CONTEXT);
  const body: string[] = [];
  let at = from;
  for (const { aStart, aEnd, bStart, bEnd } of group) {
    body.push(...a.slice(at, aStart).map((line) => ` ${line}`));
    body.push(...a.slice(aStart, aEnd).map((line) => `-${line}`), ...b.slice(bStart, bEnd).map((line) => `+${line}`));
    at = aEnd;
  }
  body.push(...a.slice(at, to).map((line) => ` ${line}`));
  const newFrom = first.bStart - (first.aStart - from);
  const newCount = body.filter((line) => !line.startsWith('-')).length;
  return [`@@ -${range(from, to - from)} +${range(newFrom, newCount)} @@`, ...body];
}

/** A range without lines is named by the line before it. */
function range(start: number, count: number): string {
  return `${count === 0 ? start : start + 1},${count}`;
}
