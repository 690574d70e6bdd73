import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAlarming, isTold, skewText } from './skew.ts';

const ROWS: [skewMs: number, told: boolean, alarming: boolean][] = [
  [0, false, false],
  [30_000, false, false],
  [30_001, true, false],
  [300_000, true, false],
  [300_001, true, true],
];
for (const [skewMs, told, alarming] of ROWS) {
  test(`clocks that differ by ${skewMs} ms are ${told ? '' : 'not '}told and ${alarming ? '' : 'not '}alarming`, () => {
    for (const skew of [skewMs, -skewMs]) assert.deepEqual([isTold(skew), isAlarming(skew)], [told, alarming]);
  });
}

test('people are told how far off, on which side, and what to do', () => {
  assert.match(skewText(45_400), /API server's clock is 45 s ahead of the operator's: .*NTP$/);
  assert.match(skewText(-45_600), /API server's clock is 46 s behind the operator's: .*NTP$/);
});

test('people are told that no trust is given up, where that is so', () => {
  for (const skew of [400_000, -400_000]) assert.match(skewText(skew), /no trust is given up/);
});
