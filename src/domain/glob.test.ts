import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { globMatches } from './glob.ts';

test('wildcards mean what they mean in a shell', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?'), maxLength: 6 });
  fc.assert(
    fc.property(patterns, letters, (pattern, text) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
      assert.equal(globMatches(pattern, text), expected);
    }),
    { numRuns: 2000 },
  );
});

test('characters of regular expressions are ordinary ones', () => {
  assert.ok(globMatches('a.b', 'a.b') && !globMatches('a.b', 'axb') && !globMatches('[ab]', 'a'));
});

test('no pattern is slow', () => {
  const started = process.cpuUsage();
  assert.equal(globMatches(`${'a*'.repeat(31)}b`, 'a'.repeat(63)), false);
  assert.ok(process.cpuUsage(started).user < 1_000_000);
});
