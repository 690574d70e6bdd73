import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { isMarked, NO_STATE, readState, writeState, type SecretState } from './secret.ts';

const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'u1' },
  spec: { selection: { namespaceSelector: {} }, template: {} },
};
const identity = {
  certificate: fc.string(),
  key: fc.string(),
  anchors: fc.string(),
  signerName: fc.string(),
  requestName: fc.string(),
  issued: fc.string(),
};
const counts = { seq: fc.nat(), reverts: fc.nat() };
const rest = {
  ...identity,
  pendingKey: fc.string(),
  pendingWish: fc.string(),
  attempt: fc.nat(),
  rotated: fc.string(),
};
const noNullPrototype = true;
const phaseOf = (...phases: ('Stable' | 'Staged' | 'Promoted' | 'Narrowing')[]) =>
  fc.record({ phase: fc.constantFrom(...phases), ...counts }, { noNullPrototype });
const canary = fc.record(
  { phase: fc.constant('Canary' as const), ...counts, canary: fc.stringMatching(/^[\w.-]{1,20}$/) },
  { noNullPrototype },
);
const next = fc.record({ ...identity, certificate: fc.string({ minLength: 1 }) }, { noNullPrototype });
const previousAnchors = fc.string({ minLength: 1 });
/** Phases go with what is there. */
const states: fc.Arbitrary<SecretState> = fc.oneof(
  fc.record(
    { ...rest, next: fc.constant(undefined), previousAnchors: fc.constant(''), rollover: phaseOf('Stable') },
    { noNullPrototype },
  ),
  fc.record(
    { ...rest, next: fc.constant(undefined), previousAnchors, rollover: phaseOf('Promoted', 'Narrowing') },
    { noNullPrototype },
  ),
  fc.record(
    { ...rest, next, previousAnchors: fc.string(), rollover: fc.oneof(phaseOf('Staged'), canary) },
    { noNullPrototype },
  ),
);

test('a state survives being written and read, also over an older one', () => {
  fc.assert(
    fc.property(states, states, (first, second) => {
      const stored = writeState(injector, 'ns', first, undefined);
      assert.deepEqual(readState(stored), first);
      assert.deepEqual(readState(writeState(injector, 'ns', second, stored)), second);
    }),
  );
});

test('what others put into the Secret stays, and the write is bound to the version that was read', () => {
  const state = { ...NO_STATE, certificate: 'c', key: 'k' };
  const stored = writeState(injector, 'ns', state, undefined);
  stored.metadata.resourceVersion = '7';
  stored.metadata.annotations = { ...stored.metadata.annotations, mine: 'x' };
  stored.metadata.labels = { 'sidecarinjector.dev/injector': 'stolen', mine: 'y' };
  stored.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'z', uid: 'z' }];
  stored.data = { ...stored.data, extra: 'AA==', 'newer.tls.crt': 'AQ==' };
  assert.equal(isMarked(stored, injector), false);
  const next = writeState(injector, 'ns', state, stored);
  assert.equal(isMarked(next, injector), true);
  assert.equal(next.metadata.resourceVersion, '7');
  assert.equal(next.metadata.annotations?.['mine'], 'x');
  assert.equal(next.metadata.labels?.['mine'], 'y');
  assert.equal(next.metadata.ownerReferences?.length, 2);
  assert.equal(next.data?.['extra'], 'AA==');
  assert.equal(next.data?.['newer.tls.crt'], 'AQ==', 'a newer version may need it again');
});

test('a Secret that people emptied reads as no state', () => {
  const { attempt, certificate } = readState({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x', annotations: { 'sidecarinjector.dev/attempt': '-3' } },
  });
  assert.deepEqual({ attempt, certificate }, { attempt: 0, certificate: '' });
});

describe('the phase of a Secret that does not say it, or says what cannot be', () => {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const cases: [what: string, said: string | undefined, data: string[], phase: string, seq: number][] = [
    ['an older version, one certificate', undefined, [], 'Stable', 0],
    ['an older version, with trust of the one before', undefined, ['previous.ca.crt'], 'Promoted', 0],
    ['junk', 'Lost -1 x', ['previous.ca.crt'], 'Promoted', 0],
    ['a next certificate that nobody spoke of', 'Stable 5 0', ['next.tls.crt'], 'Staged', 5],
    ['narrowing, and old trust came back', 'Stable 5 0', ['previous.ca.crt'], 'Promoted', 5],
    ['a canary without a next certificate', 'Canary 5 1 a', [], 'Stable', 5],
    ['a phase of a newer version, alone', 'Quorum 9 1 a b', [], 'Stable', 9],
    ['a phase of a newer version, with old trust', 'Quorum 9 1 a b', ['previous.ca.crt'], 'Promoted', 9],
    ['a phase of a newer version, with a next one', 'Quorum 9 1', ['next.tls.crt', 'previous.ca.crt'], 'Staged', 9],
    ['as it should be', 'Canary 5 1 a', ['next.tls.crt', 'previous.ca.crt'], 'Canary', 5],
  ];
  for (const [what, said, keys, phase, seq] of cases) {
    test(what, () => {
      const { rollover } = readState({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'x', ...(said !== undefined && { annotations: { 'sidecarinjector.dev/rollover': said } }) },
        data: Object.fromEntries(keys.map((key) => [key, encode('PEM')])),
      });
      assert.deepEqual([rollover.phase, rollover.seq], [phase, seq]);
    });
  }
});
