import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Operation } from '../../domain/patch.ts';
import { applyOperations } from '../../domain/apply.ts';
import { isBlank, parsePart, splitDocuments, valueOf } from './documents.ts';
import { rewrite } from './rewrite.ts';

const read = (text: string): unknown => valueOf('test', parsePart('test', text));
const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value });
const edit = (text: string, ...operations: Operation[]): string =>
  rewrite('test', text, operations, applyOperations(read(text), operations));

describe('rewrite', () => {
  it('leaves every line alone that has nothing to do with the change', () => {
    const text = 'a:   1  # one\n\nb:\n      -   x   # odd\n# end\n';
    assert.equal(edit(text, add('/b/-', 'z')), 'a:   1  # one\n\nb:\n      -   x   # odd\n      - z\n# end\n');
  });

  it('changes what an anchor names without changing what its aliases say', () => {
    const text = 'a: &shared\n  x: 1\nb: *shared\nc:\n  <<: *shared\n  z: 3\n';
    const result = edit(text, add('/a/y', 2));
    assert.deepEqual(read(result), { a: { x: 1, y: 2 }, b: { x: 1 }, c: { x: 1, z: 3 } });
  });

  it('changes an alias without changing its anchor, and keeps both where it can', () => {
    const text = 'a: &shared {x: 1} # theirs\nb: *shared\nc: *shared\n';
    assert.equal(edit(text, add('/b/z', 2)), 'a: &shared {x: 1} # theirs\nb: {x: 1, z: 2}\nc: *shared\n');
  });

  it('gives what comes by a merge key a place of its own', () => {
    const text = 'base: &base\n  list: [1]\nuser:\n  <<: *base\n  own: 1\n';
    const result = edit(text, add('/user/list/-', 2));
    assert.match(result, /^base: &base\n {2}list: \[1\]\nuser:\n {2}<<: \*base\n {2}own: 1\n/);
    assert.deepEqual(read(result), { base: { list: [1] }, user: { list: [1, 2], own: 1 } });
  });

  it('fills empty and null values', () => {
    const text = 'a: {}\nb: []\nc:\nd: ~ # nothing yet\n';
    const result = edit(text, add('/a/x', 1), add('/b/-', 1), add('/c', {}), add('/c/x', 1), add('/d', [1]));
    assert.deepEqual(read(result), { a: { x: 1 }, b: [1], c: { x: 1 }, d: [1] });
    assert.match(result, /nothing yet/);
  });

  it('quotes what YAML 1.1 would read as something else', () => {
    assert.equal(edit('a: {x: 1}\n', add('/a/w', 'yes'), add('/a/z', '0644')), 'a: {x: 1, w: "yes", z: "0644"}\n');
  });

  it('keeps octal numbers, large numbers, line ends, the marker and a missing last line end', () => {
    assert.equal(
      edit('--- # first\r\na: {m: 0644, n: 9007199254740993, o: 0o17}\r\nb: []', add('/b/-', 1)),
      '--- # first\r\na: {m: 0644, n: 9007199254740993, o: 0o17}\r\nb:\r\n  - 1\r\n',
    );
  });

  it('writes JSON as JSON', () => {
    const text = '{\n    "a": [9007199254740993],\n    "b": {}\n}\n';
    assert.equal(
      edit(text, add('/b/x', 1)),
      '{\n    "a": [\n        9007199254740993\n    ],\n    "b": {\n        "x": 1\n    }\n}\n',
    );
  });
});

describe('documents', () => {
  it('are cut so that they join to the text', () => {
    const text = '# head\n---\na: 1\n---\n---   \nb: |\n  ---\n  text\n--- {c: 1}\n...\n';
    const parts = splitDocuments(text);
    assert.equal(parts.join(''), text);
    assert.deepEqual(
      parts.filter((part) => !isBlank(part)).map((part) => read(part)),
      [{ a: 1 }, { b: '---\ntext\n' }, { c: 1 }],
    );
  });

  it('are read as kubectl reads them: YAML 1.1 without timestamps and sexagesimal numbers', () => {
    const text = 'a: yes\nb: 0644\nc: 2001-01-01\nd: 12:30\ne: off\nf: 0x10\ng: -0o17\n"__proto__": 1\n';
    assert.deepEqual(Object.entries(read(text) as object), [
      ['a', true],
      ['b', 420],
      ['c', '2001-01-01'],
      ['d', '12:30'],
      ['e', false],
      ['f', 16],
      ['g', -15],
      ['__proto__', 1],
    ]);
  });

  it('with a key twice, or a bomb of aliases, are refused', () => {
    assert.throws(() => read('a: 1\na: 2\n'), { code: 'SI6003' });
    const bomb = Array.from(
      { length: 9 },
      (_, n) => `x${n + 1}: &x${n + 1} [${Array.from({ length: 9 }, () => `*x${n}`).join()}]`,
    );
    assert.throws(() => read(`x0: &x0 [a]\n${bomb.join('\n')}\n`), { code: 'SI6003' });
  });
});
