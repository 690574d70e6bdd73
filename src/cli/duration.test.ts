import assert from 'node:assert/strict';
import { it } from 'node:test';
import { humanDuration, sinceText, untilText } from './duration.ts';

/** The table of k8s.io/apimachinery/pkg/util/duration: what kubectl prints as AGE. */
it('spans are printed as kubectl prints ages', () => {
  const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];
  const table: [number, string][] = [
    [-1, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [2 * minute + second, '2m1s'],
    [10 * minute + 30 * second, '10m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + 5 * minute, '3h5m'],
    [47 * hour, '47h'],
    [2 * day + 3 * hour, '2d3h'],
    [8 * day + 3 * hour, '8d'],
    [729 * day, '729d'],
    [2 * 365 * day + 3 * day, '2y3d'],
    [9 * 365 * day + 3 * day, '9y'],
  ];
  for (const [ms, text] of table) assert.equal(humanDuration(ms), text, String(ms));
});

it('times are told from now', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  assert.equal(untilText('2026-01-31T00:00:00Z', now), '30d');
  assert.equal(untilText('2025-12-31T00:00:00Z', now), 'expired');
  assert.equal(untilText(undefined, now), '<none>');
  assert.equal(sinceText('2025-12-31T23:59:00Z', now), '60s');
  assert.equal(sinceText('nonsense', now), '<unknown>');
});
