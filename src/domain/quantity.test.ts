import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amountOf, sameQuantity } from './quantity.ts';

test('an amount is read in every notation of Kubernetes', () => {
  const rows: [unknown, number][] = [
    [2, 2],
    ['0', 0],
    ['12', 12],
    ['-3', -3],
    ['+3', 3],
    ['5.', 5],
    ['1.25', 1.25],
    ['.25', 0.25],
    ['1e3', 1000],
    ['1E3', 1000],
    ['1e+3', 1000],
    ['1e-3', 0.001],
    ['1.5e10', 15_000_000_000],
    ['2500m', 2.5],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2E', 2e18],
    ['2Ei', 2 ** 61],
  ];
  for (const [text, amount] of rows) assert.equal(amountOf(text), amount, String(text));
});

test('what is no quantity has no amount', () => {
  const others = ['', 'x', '1 Gi', ' 1', '1 ', 'x1', '1x', '1K', '1gi', '.', '1e', '1e3m', '1.2.3', '0x10', '٣'];
  for (const text of others) assert.equal(amountOf(text), undefined, text);
  for (const value of [undefined, null, true, {}, ['1']]) assert.equal(amountOf(value), undefined);
});

test('amounts are compared, not notations, and nothing is the same as what is no quantity', () => {
  const same: [unknown, unknown][] = [
    ['0', '0m'],
    ['0.1', '100m'],
    ['-1', '-1000m'],
    ['3Gi', 3 * 2 ** 30],
  ];
  for (const [left, right] of same) assert.ok(sameQuantity(left, right), `${String(left)} ${String(right)}`);
  const other: [unknown, unknown][] = [
    ['1', '-1'],
    ['0', '1n'],
    ['1000000000', '1000000001'],
    ['0', 'x'],
    ['x', '0'],
    [undefined, undefined],
  ];
  for (const [left, right] of other) assert.ok(!sameQuantity(left, right), `${String(left)} ${String(right)}`);
});
