import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from './remembered.ts';

test('a result is made once, until too many others came after it', () => {
  const made: string[] = [];
  const upper = remembered(2, (text) => {
    made.push(text);
    return text.toUpperCase();
  });
  for (const text of ['a', 'b', 'a', 'b', 'c', 'b', 'c', 'a']) assert.equal(upper(text), text.toUpperCase());
  assert.deepEqual(made, ['a', 'b', 'c', 'a']);
});

test('what failed is tried again', () => {
  let tries = 0;
  const second = remembered(2, (text) => {
    tries += 1;
    if (tries === 1) throw new Error('not yet');
    return text;
  });
  assert.throws(() => second('a'), /not yet/);
  assert.equal(second('a'), 'a');
});
