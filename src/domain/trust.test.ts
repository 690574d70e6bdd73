import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { caBundle, trustedAnchors, type Anchor } from './trust.ts';

const now = new Date('2026-01-01T00:00:00Z');
const anchor = (fingerprint: string, days: number): Anchor => ({
  pem: `-----BEGIN ${fingerprint}-----\n`,
  fingerprint,
  notAfter: new Date(now.getTime() + days * 86_400_000),
});
const anchors = fc.array(
  fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: -5, max: 5 }))
    .map(([name, days]) => anchor(`${name}${days}`, days)),
);

test('the bundle does not depend on order or repetition', () => {
  fc.assert(
    fc.property(anchors, anchors, (current, previous) => {
      const bundle = caBundle(trustedAnchors([current, previous], now));
      assert.equal(caBundle(trustedAnchors([previous.toReversed(), current, current], now)), bundle);
    }),
  );
});

test('every anchor that is valid is trusted; an expired one only where nothing else is left', () => {
  fc.assert(
    fc.property(anchors, anchors, (current, previous) => {
      const all = [...current, ...previous];
      const valid = all.filter(({ notAfter }) => notAfter > now);
      const trusted = trustedAnchors([current, previous], now);
      assert.deepEqual(
        new Set(trusted.map(({ fingerprint }) => fingerprint)),
        new Set((valid.length > 0 ? valid : all).map(({ fingerprint }) => fingerprint)),
      );
    }),
  );
});
