import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { durationText, isShorter, parseDuration, renewalTime, shorterText, usableLife } from './renewal.ts';

const notBefore = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(notBefore.getTime() + seconds * 1000);
const HOUR = 3600;

test('durations are read as Go writes them, and nothing else is', () => {
  assert.equal(parseDuration('2160h'), 2160 * HOUR);
  assert.equal(parseDuration('1h30m5s'), 5405);
  assert.equal(parseDuration('1.25h'), 4500);
  for (const text of ['', '5', 'h', '1d', '-1h', '1h 30m', 'abc1h']) assert.equal(parseDuration(text), undefined, text);
});

test('renewal comes after 56 to 67 hundredths of any life, and the same seed gives the same moment', () => {
  fc.assert(
    fc.property(fc.integer({ min: HOUR, max: 10 * 365 * 24 * HOUR }), fc.string(), (life, seed) => {
      const moment = renewalTime({ notBefore, notAfter: after(life) }, undefined, seed);
      const share = (moment.getTime() - notBefore.getTime()) / (life * 1000);
      assert.ok(share > 0.56 && share <= 2 / 3 + 1e-9, String(share));
      assert.deepEqual(renewalTime({ notBefore, notAfter: after(life) }, undefined, seed), moment);
    }),
  );
});

test('certificates that were made together are not renewed together', () => {
  const seeds = Array.from({ length: 20 }, (_, index) => `seed ${index}`);
  const moments = seeds.map((seed) =>
    renewalTime({ notBefore, notAfter: after(100 * HOUR) }, undefined, seed).getTime(),
  );
  assert.ok(Math.max(...moments) - Math.min(...moments) > 5 * HOUR * 1000);
});

test('a life under half an hour is renewed by its half', () => {
  const moment = renewalTime({ notBefore, notAfter: after(900) }, undefined, 'x');
  assert.ok(moment >= after(360) && moment <= after(450));
  assert.ok(renewalTime({ notBefore, notAfter: after(1800) }, undefined, 'x') > after(900), 'half an hour is not');
});

test('renewBefore is taken where it fits into the life that was given', () => {
  assert.deepEqual(renewalTime({ notBefore, notAfter: after(90 * HOUR) }, 30 * HOUR, 'x'), after(60 * HOUR));
});

test('a renewBefore of most of the life that was given, or of more, does not renew without end', () => {
  for (const renewBefore of [0.8 * HOUR, HOUR, 720 * HOUR]) {
    const moment = renewalTime({ notBefore, notAfter: after(HOUR) }, renewBefore, 'x');
    assert.ok(moment >= after(0.4 * HOUR), String(renewBefore));
  }
});

test('however far a signer dates back, nothing is renewed before two fifths of what could be used are over', () => {
  fc.assert(
    fc.property(fc.integer({ min: 600, max: 10_000 }), fc.nat(100_000), fc.string(), (life, backdate, seed) => {
      const received = after(backdate);
      const validity = usableLife({ notBefore, notAfter: after(backdate + life) }, received);
      const moment = renewalTime(validity, undefined, seed);
      assert.ok(moment.getTime() - received.getTime() >= life * 400 - 1);
      assert.ok(moment < validity.notAfter);
    }),
  );
});

test('a time of receipt that is not inside of the life says nothing', () => {
  const validity = { notBefore, notAfter: after(HOUR) };
  for (const received of [undefined, after(-1), after(0), after(HOUR)])
    assert.equal(usableLife(validity, received), validity);
});

test('less than was asked for is told, with what becomes of it', () => {
  const validity = { notBefore, notAfter: after(900) };
  assert.equal(isShorter(validity, 2160 * HOUR), true);
  assert.equal(isShorter(validity, 960), false);
  assert.equal(isShorter(validity, 1000), false, 'a tenth is no news');
  assert.equal(isShorter(validity, 1001), true);
  assert.match(shorterText(validity, 2160 * HOUR), /gave 15m where 2160h was asked for; .* half/);
  for (const life of [1800, HOUR]) {
    assert.match(shorterText({ notBefore, notAfter: after(life) }, 7200), /was asked for$/);
  }
});

test('a duration is told in the unit that people think in', () => {
  const texts: [seconds: number, text: string][] = [
    [61, '61s'],
    [599, '599s'],
    [600, '10m'],
    [7199, '120m'],
    [7200, '2h'],
    [86_400, '24h'],
  ];
  for (const [seconds, text] of texts) assert.equal(durationText(seconds), text);
});
