import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { errorsPage } from '../hack/docs/errors.ts';
import { CATALOGUE, describeError, operatorError } from './errors.ts';

describe('the catalogue of errors', () => {
  it('is what docs/errors.md says', () => {
    const page = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');
    assert.equal(page, errorsPage(), 'run: make generate');
    for (const code of Object.keys(CATALOGUE)) assert.match(page, new RegExp(`^### ${code}$`, 'm'));
  });

  it('has for each code a message and a fix that are sentences', () => {
    for (const [code, { message, fix }] of Object.entries(CATALOGUE)) {
      assert.match(code, /^SI\d{4}$/);
      assert.match(message, /^[A-Z{].*[^.]$/, code);
      assert.match(fix, /^[A-Z`].*\.$/s, code);
    }
  });
});

describe('every code', () => {
  it('is thrown somewhere', () => {
    const root = path.resolve(import.meta.dirname);
    const files = globSync('**/*.ts', { cwd: root }).filter(
      (file) => file !== 'errors.ts' && !file.endsWith('.test.ts'),
    );
    const text = files.map((file) => readFileSync(path.join(root, file), 'utf8')).join('');
    assert.deepEqual(
      Object.keys(CATALOGUE).filter((code) => !text.includes(`'${code}'`)),
      [],
    );
  });
});

describe('operatorError', () => {
  it('fills in the values, keeps the cause, and carries fix and retry class', () => {
    const cause = new Error('connect ECONNREFUSED');
    const error = operatorError('SI2001', { detail: 'no {route} to host' }, { cause });
    assert.equal(error.message, 'The API server cannot be reached: no {route} to host');
    assert.equal(error.cause, cause);
    assert.equal(error.fix, CATALOGUE.SI2001.fix);
    assert.equal(error.retry, 'backoff');
  });

  it('takes a value that looks like a pattern of String.replace as it is', () => {
    assert.match(operatorError('SI2001', { detail: '$& $1' }).message, /\$& \$1$/);
  });
});

describe('describeError', () => {
  it('joins the causes to one line and repeats nothing', () => {
    const root = new Error('ECONNREFUSED\n 10.0.0.1:443');
    const error = new Error('fetch failed', { cause: new Error('connect ECONNREFUSED 10.0.0.1:443', { cause: root }) });
    assert.equal(describeError(error), 'fetch failed: connect ECONNREFUSED 10.0.0.1:443');
  });

  it('says something of whatever was thrown', () => {
    assert.equal(describeError('plain'), 'plain');
    assert.equal(describeError({ a: 1 }), '{"a":1}');
    assert.equal(describeError(new RangeError()), 'RangeError');
    assert.equal(describeError(undefined), '');
    const circle: { self?: unknown } = {};
    circle.self = circle;
    assert.equal(describeError(circle), 'something that is no error');
  });

  it('ends on a circle of causes', () => {
    const error = new Error('a');
    error.cause = error;
    assert.equal(describeError(error), 'a');
  });
});
