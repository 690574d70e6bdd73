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
      const bundle = caBundle(trustedAnchors([current, previous]));
      assert.equal(caBundle(trustedAnchors([previous.toReversed(), current, current])), bundle);
    }),
  );
});

test('whatever is served, staged or not yet let go is trusted, and nothing else', () => {
  fc.assert(
    fc.property(anchors, anchors, (current, previous) => {
      const trusted = trustedAnchors([current, previous]);
      assert.deepEqual(
        new Set(trusted.map(({ fingerprint }) => fingerprint)),
        new Set([...current, ...previous].map(({ fingerprint }) => fingerprint)),
      );
    }),
  );
});

test('no clock takes trust away', () => {
  const expired = anchor('a', -1);
  assert.deepEqual(trustedAnchors([[expired], [anchor('b', 1)]]).includes(expired), true);
});
