import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockSkew } from './skew.ts';

const at = (ms: number): string => new Date(ms).toUTCString();
const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const still = { now: () => NOW, monotonic: () => NOW };

test('clock skew: 0 without an answer, within a second with one', () => {
  const skew = new ClockSkew(still);
  assert.equal(skew.ms, 0);
  for (const ahead of [-400_000, -31_000, 0, 45_000]) {
    const fresh = new ClockSkew(still);
    fresh.note(at(NOW + ahead + 20), NOW, NOW + 40);
    assert.ok(Math.abs(fresh.ms - ahead) <= 1000, `${ahead}: ${fresh.ms}`);
  }
});

test('clock skew: what says nothing is left out', () => {
  const skew = new ClockSkew(still);
  skew.note(undefined, NOW, NOW);
  skew.note('yesterday', NOW, NOW);
  skew.note(at(NOW + 3_600_000), NOW, NOW + 20_000);
  skew.note(at(NOW + 3_600_000), NOW, NOW - 1);
  assert.equal(skew.ms, 0);
});

test('clock skew: one API server of several does not decide, and what was is forgotten', () => {
  const skew = new ClockSkew(still);
  for (const ahead of [0, 600_000, 0, 0, 600_000]) skew.note(at(NOW + ahead), NOW, NOW);
  assert.ok(Math.abs(skew.ms) <= 1000);
  for (let count = 0; count < 9; count += 1) skew.note(at(NOW + 600_000), NOW, NOW);
  assert.ok(Math.abs(skew.ms - 600_000) <= 1000);
});

test('clock skew: a wall clock that is set is off at once, and the time to go by does not follow it', () => {
  const clock = { wall: NOW, now: () => clock.wall, monotonic: () => 7000 };
  const skew = new ClockSkew(clock);
  assert.equal(skew.now(), NOW, 'nothing is known');
  skew.note(at(NOW), 7000, 7000);
  assert.equal(skew.now(), NOW);
  for (const jump of [-1_200_000, 5_400_000]) {
    clock.wall = NOW + jump;
    assert.ok(Math.abs(skew.ms + jump) <= 1000);
    assert.ok(Math.abs(skew.now() - NOW) <= 1000);
  }
  clock.wall = NOW + 20_000;
  assert.equal(skew.now(), clock.wall, 'whole seconds are too coarse for so little');
});

test('clock skew: where it is just about the limit, the time does not go to and fro', () => {
  const clock = { wall: NOW, now: () => clock.wall, monotonic: () => 7000 };
  const skew = new ClockSkew(clock);
  skew.note(at(NOW), 7000, 7000);
  const seen = [31_000, 29_000, 31_000, 27_000].map((ahead) => {
    clock.wall = NOW + ahead;
    return skew.now();
  });
  assert.ok(Math.max(...seen) - Math.min(...seen) === 0, JSON.stringify(seen));
  clock.wall = NOW + 20_000;
  assert.equal(skew.now(), clock.wall, 'they agree again');
});
