import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEmptySelector, selectorMatches, unmetRequirements } from './selector.ts';

test('matchLabels and matchExpressions match as in apimachinery', () => {
  const labels = { app: 'web', tier: 'front' };
  const cases: [Parameters<typeof selectorMatches>[0], boolean][] = [
    [{}, true],
    [{ matchLabels: { app: 'web' } }, true],
    [{ matchLabels: { app: 'api' } }, false],
    [{ matchLabels: { app: 'web', other: 'x' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['api', 'web'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['api'] }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'In', values: ['x'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }] }, true],
    [{ matchExpressions: [{ key: 'absent', operator: 'NotIn', values: ['x'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'absent', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'absent', operator: 'DoesNotExist' }] }, true],
  ];
  for (const [selector, expected] of cases) {
    assert.equal(selectorMatches(selector, labels), expected, JSON.stringify(selector));
  }
});

test('keys of Object.prototype are absent unless they are own labels', () => {
  for (const key of ['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf']) {
    assert.equal(selectorMatches({ matchExpressions: [{ key, operator: 'Exists' }] }, {}), false, key);
    const labels = JSON.parse(`{"${key}":"yes"}`) as Record<string, string>;
    assert.equal(selectorMatches({ matchLabels: JSON.parse(`{"${key}":"yes"}`) as never }, labels), true, key);
  }
});

test('an operator that a later version of the API may bring matches nothing', () => {
  assert.ok(!selectorMatches({ matchExpressions: [{ key: 'a', operator: 'Gt' as never, values: ['1'] }] }, { a: '2' }));
});

test('what is not met is told in the words of kubectl', () => {
  const selector = {
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In' as const, values: ['a', 'b'] },
      { key: 'zone', operator: 'NotIn' as const, values: ['eu'] },
      { key: 'old', operator: 'DoesNotExist' as const },
      { key: 'new', operator: 'Exists' as const },
      { key: 'any', operator: 'In' as const },
    ],
  };
  const unmet = ['app=web', 'tier in (a,b)', 'zone notin (eu)', '!old', 'new', 'any in ()'];
  assert.deepEqual(unmetRequirements(selector, { old: '1', zone: 'eu' }), unmet);
});

test('only a selector without any requirement is empty', () => {
  for (const empty of [{}, { matchLabels: {} }, { matchLabels: {}, matchExpressions: [] }]) {
    assert.ok(isEmptySelector(empty), JSON.stringify(empty));
  }
  assert.ok(!isEmptySelector({ matchLabels: { a: 'b' } }));
  assert.ok(!isEmptySelector({ matchExpressions: [{ key: 'a', operator: 'Exists' }] }));
});
