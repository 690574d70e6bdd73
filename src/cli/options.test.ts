import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTimeout } from './cluster.ts';
import { nearest } from './nearest.ts';
import { type Given, type Option, readLeniently, readOptions } from './options.ts';

const OPTIONS: Record<string, Option> = {
  namespace: { short: 'n', value: 'NAME', help: '' },
  output: { short: 'o', value: 'FORMAT', oneOf: ['json', 'yaml'], help: '' },
  wait: { help: '' },
};
const read = (...argv: string[]): Given | undefined =>
  readOptions('test', argv, { options: OPTIONS, words: { min: 1, max: 2 } });
const problem = (...argv: string[]): string => {
  try {
    read(...argv);
  } catch (error) {
    return String(error);
  }
  return 'none';
};

describe('options', () => {
  it('are read in every form that kubectl takes', () => {
    for (const argv of [
      ['a', '-n', 'shop', '-o', 'json'],
      ['-nshop', 'a', '--output=json'],
      ['--namespace=shop', '-ojson', 'a'],
      ['--namespace', 'other', 'a', '--namespace', 'shop', '-o=json'],
    ]) {
      const given = read(...argv);
      assert.deepEqual([given?.words, given?.one('namespace', ''), given?.one('output', '')], [['a'], 'shop', 'json']);
    }
    assert.deepEqual(read('--', '--wait')?.words, ['--wait']);
    const on = [['--wait'], ['--wait=true'], ['--wait=false'], ['--wait', '--wait=no'], []];
    assert.deepEqual(
      on.map((argv) => read('a', ...argv)?.on('wait')),
      [true, true, false, false, false],
    );
  });

  it('tell everything that is wrong, and what was meant', () => {
    const text = problem('--nmaespace', 'x', '--wait=perhaps', '-o', 'xml', 'b', 'c', '-n');
    for (const part of [
      'unknown flag --nmaespace, did you mean --namespace?',
      '--wait takes true or false, or no value',
      '-o must be one of json, yaml',
      'unexpected argument "c"',
      '-n needs a value',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
    assert.match(problem(), /an argument is missing/);
    assert.equal(read('--nonsense', '-h'), undefined, 'help, whatever else is wrong');
  });

  it('are read for completion whatever is wrong', () => {
    const given = readLeniently(['a', '-n', 'shop', '--nonsense'], OPTIONS);
    assert.deepEqual([given.words, given.one('namespace', '')], [['a'], 'shop']);
  });
});

describe('nearest', () => {
  it('finds what was meant, and nothing for what is far', () => {
    const known = ['status', 'explain', 'rotate', 'inject'];
    const guesses = ['statsu', 'explian', 'rot', 'injecct', 'zzz', 'x', ''].map((word) => nearest(word, known));
    assert.deepEqual(guesses, ['status', 'explain', 'rotate', 'inject', undefined, undefined, undefined]);
  });
});

describe('a timeout', () => {
  it('is seconds or a duration of Go', () => {
    const texts = ['0', '5', '5s', '1m30s', '1.5h', '250ms', '5 s', '5x', '', '-1s'];
    assert.deepEqual(
      texts.map((text) => parseTimeout(text)),
      [0, 5000, 5000, 90_000, 5_400_000, 250, undefined, undefined, undefined, undefined],
    );
  });
});
