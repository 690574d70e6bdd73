import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, warningsFor } from './warnings.ts';

const ROWS: [what: string, text: string, line: string][] = [
  ['plain text', 'mode is Audit', 'mode is Audit'],
  ['one character', 'x', 'x'],
  ['nothing', '', ''],
  ['letters of other scripts', 'größer', 'größer'],
  ['space around it', '  a b ', 'a b'],
  ['a line break at the begin', '\na b', 'a b'],
  ['a line break at the end', 'a b\n', 'a b'],
  ['several line breaks within', 'a\r\n\r\nb', 'a b'],
  ['a tab', 'a\tb', 'a b'],
  ['an escape sequence of a terminal', '\u001B[31mred', '[31mred'],
  ['a letter that turns the direction of writing', 'a\u202Eb', 'a b'],
  ['separators of Unicode', 'a\u2028\u2029b', 'a b'],
  ['half a pair of surrogates', 'a\uD800b', 'a b'],
];
for (const [what, text, line] of ROWS) {
  test(`a warning with ${what} is one printable line`, () => assert.equal(oneLine(text), line));
}

for (const [what, character] of Object.entries({ ASCII: 'a', letter: 'ß', emoji: '🦈' })) {
  test(`of a long text in ${what} 120 characters are left, and a short one is not cut`, () => {
    assert.equal(oneLine(character.repeat(120)), character.repeat(120));
    assert.equal(oneLine(character.repeat(121)), `${character.repeat(119)}…`);
    assert.equal(oneLine(character.repeat(6), 5), `${character.repeat(4)}…`);
  });
}

test('each different warning is given once with the name of the injector, at most five', () => {
  assert.deepEqual(warningsFor('nginx', []), []);
  assert.deepEqual(warningsFor('nginx', ['a', 'b', 'a']), ['sidecar-injector nginx: a', 'sidecar-injector nginx: b']);
  assert.equal(warningsFor('nginx', ['a', 'b', 'c', 'd', 'e', 'f', 'g']).length, 5);
});
