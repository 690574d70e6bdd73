import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misspeltKey, parseBoolean, wishOf, withinEdits } from './annotation.ts';

test('booleans are read as Go reads them, and yes, no, on, off in any case', () => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True', 'yes', 'YES', 'On']) {
    assert.equal(parseBoolean(text), true, text);
  }
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False', 'no', 'No', 'OFF']) {
    assert.equal(parseBoolean(text), false, text);
  }
  for (const text of ['', 'tRUE', ' true', 'y', 'n', 'enabled', '2', 'null']) {
    assert.equal(parseBoolean(text), undefined, text);
  }
});

test('a wish is absent, a value, or unreadable', () => {
  assert.deepEqual(wishOf({}, 'toString'), { kind: 'absent' });
  assert.deepEqual(wishOf({ a: 'no' }, 'a'), { kind: 'value', wanted: false, text: 'no' });
  assert.deepEqual(wishOf({ a: 'maybe' }, 'a'), { kind: 'unreadable', text: 'maybe' });
  assert.deepEqual(wishOf({ a: true }, 'a'), { kind: 'unreadable', text: 'true' });
});

test('at most two edits make a misspelling', () => {
  const cases: [string, string, boolean][] = [
    ['need_inject', 'need_inject', true],
    ['need-inject', 'need_inject', true],
    ['needinject', 'need_inject', true],
    ['neeed__inject', 'need_inject', true],
    ['NEED_INJECT', 'need_inject', true],
    ['need_injetc', 'need_inject', true],
    ['nxxx_inject', 'need_inject', false],
    ['need_inj', 'need_inject', false],
    ['', 'ab', true],
    ['', 'abc', false],
    ['abc', 'bcd', true],
    ['abcdef', 'badcfe', false],
  ];
  for (const [left, right, expected] of cases) {
    assert.equal(withinEdits(left, right, 2), expected, `${left} ${right}`);
    assert.equal(withinEdits(right, left, 2), expected, `${right} ${left}`);
  }
});

/** The number of edits by the textbook. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const letter of a) {
    const above = row;
    row = [(above[0] ?? 0) + 1];
    for (const [column, other] of Array.from(b).entries()) {
      const changed = (above[column] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(changed, (above[column + 1] ?? 0) + 1, (row[column] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}

test('edits are counted as by the textbook', () => {
  const texts = [''];
  for (const text of texts) if (text.length < 5) texts.push(`${text}a`, `${text}b`);
  for (const left of texts) {
    for (const right of texts) {
      const count = edits(left, right);
      for (const limit of [0, 1, 2]) {
        assert.equal(withinEdits(left, right, limit), count <= limit, `${left} ${right} ${limit}`);
      }
    }
  }
});

test('the key itself is no misspelling of it', () => {
  assert.equal(misspeltKey({ need_inject: 'true' }, 'need_inject'), undefined);
  assert.equal(misspeltKey({ need_inject: 'true', 'need-inject': 'true' }, 'need_inject'), 'need-inject');
});

test('the annotation of another injector is no misspelling', () => {
  const annotations = { 'inject.sidecarinjector.dev/b': 'true' };
  assert.equal(misspeltKey(annotations, 'inject.sidecarinjector.dev/a'), 'inject.sidecarinjector.dev/b');
  const known = new Set(['inject.sidecarinjector.dev/b']);
  assert.equal(misspeltKey(annotations, 'inject.sidecarinjector.dev/a', known), undefined);
});
