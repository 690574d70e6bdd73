import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barChart } from './svg.ts';

test('bars are as long as their values, and text is escaped', () => {
  const chart = barChart(
    'a < b',
    ['raw', 'ours'],
    [
      { label: 'x & y', values: [100, 50] },
      { label: 'z', values: [undefined, 25] },
    ],
    '/s',
  );
  const widths = [...chart.matchAll(/<rect x="210" y="\d+" width="([\d.]+)" height="12" fill="(#\w+)"/g)]
    // The legend's first box stands there too.
    .slice(1)
    .map(([, width, fill]) => [Number(width), fill]);
  assert.deepEqual(widths, [
    [580, '#9aa5b1'],
    [290, '#d98c3f'],
    [145, '#d98c3f'],
  ]);
  assert.ok(chart.includes('a &lt; b') && chart.includes('x &amp; y') && chart.includes('100 /s'));
});
