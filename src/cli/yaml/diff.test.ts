import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { changesOf, unifiedDiff } from './diff.ts';
import { mergeLines } from './merge.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ''), { maxLength: 30 });

/** Length of the longest common subsequence, by the table of every textbook. */
function common(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, () => 0);
  for (const left of a) {
    const next = [0];
    for (const [index, right] of b.entries()) {
      next.push(left === right ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

describe('changesOf', () => {
  it('turns one text into the other, with as few lines as can be', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const changes = changesOf(a, b);
        const result: string[] = [];
        let at = 0;
        for (const { aStart, aEnd, bStart, bEnd } of changes) {
          result.push(...a.slice(at, aStart), ...b.slice(bStart, bEnd));
          at = aEnd;
        }
        assert.deepEqual([...result, ...a.slice(at)], b);
        const touched = changes.reduce((sum, { aStart, aEnd, bStart, bEnd }) => sum + aEnd - aStart + bEnd - bStart, 0);
        assert.equal(touched, a.length + b.length - 2 * common(a, b));
      }),
    );
  });

  it('takes texts without anything in common as one change', () => {
    const [a, b] = [Array.from({ length: 2000 }, () => 'a'), Array.from({ length: 2000 }, () => 'b')];
    assert.deepEqual(changesOf(a, b), [{ aStart: 0, aEnd: 2000, bStart: 0, bEnd: 2000 }]);
  });
});

describe('unifiedDiff', () => {
  it('is empty for equal texts', () => {
    assert.equal(unifiedDiff('a', 'b', 'x\n', 'x\n'), '');
  });

  const skip = spawnSync('git', ['--version']).status !== 0 && 'needs git';
  it('is what git applies', { skip }, () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'diff-'));
    const file = path.join(folder, 'file');
    try {
      const text = lines.map((all) => all.map((line) => `${line}\n`).join(''));
      fc.assert(
        fc.property(text, text, (before, after) => {
          writeFileSync(file, before);
          execFileSync('git', ['apply', '--unidiff-zero', '--allow-empty', '-'], {
            cwd: folder,
            input: unifiedDiff('a/file', 'b/file', before, after),
            stdio: 'pipe',
          });
          assert.equal(execFileSync('cat', [file], { encoding: 'utf8' }), after);
        }),
        { numRuns: 20 },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('mergeLines', () => {
  it('gives the changed text where nothing was written differently, and the own one where nothing was changed', () => {
    fc.assert(
      fc.property(lines, lines, (base, other) => {
        assert.deepEqual(mergeLines(base, base, other), other);
        assert.deepEqual(mergeLines(base, other, base), other);
      }),
    );
  });

  it('keeps the own writing of lines around an insertion', () => {
    const merged = mergeLines(
      ['a:', '  - b', 'c: d'],
      ['a:   # why', '  - b', '', 'c:   d'],
      ['a:', '  - b', '  - x', 'c: d'],
    );
    assert.deepEqual(merged, ['a:   # why', '  - b', '  - x', '', 'c:   d']);
  });
});
