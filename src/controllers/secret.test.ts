import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { isMarked, readState, writeState } from './secret.ts';

const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'u1' },
  spec: { selection: { namespaceSelector: {} }, template: {} },
};
const fields = {
  certificate: fc.string(),
  key: fc.string(),
  anchors: fc.string(),
  previousAnchors: fc.string(),
  pendingKey: fc.string(),
  attempt: fc.nat(),
  signerName: fc.string(),
  requestName: fc.string(),
};
const states = fc.record(fields, { noNullPrototype: true });

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
  const state = {
    certificate: 'c',
    key: 'k',
    anchors: '',
    previousAnchors: '',
    pendingKey: '',
    attempt: 0,
    signerName: '',
    requestName: '',
  };
  const stored = writeState(injector, 'ns', state, undefined);
  stored.metadata.resourceVersion = '7';
  stored.metadata.annotations = { ...stored.metadata.annotations, mine: 'x' };
  stored.metadata.labels = { 'sidecarinjector.dev/injector': 'stolen', mine: 'y' };
  stored.metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'z', uid: 'z' }];
  stored.data = { ...stored.data, extra: 'AA==' };
  assert.equal(isMarked(stored, injector), false);
  const next = writeState(injector, 'ns', state, stored);
  assert.equal(isMarked(next, injector), true);
  assert.equal(next.metadata.resourceVersion, '7');
  assert.equal(next.metadata.annotations?.['mine'], 'x');
  assert.equal(next.metadata.labels?.['mine'], 'y');
  assert.equal(next.metadata.ownerReferences?.length, 2);
  assert.equal(next.data?.['extra'], 'AA==');
});

test('a Secret that people emptied reads as no state', () => {
  const { attempt, certificate } = readState({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'x', annotations: { 'sidecarinjector.dev/attempt': '-3' } },
  });
  assert.deepEqual({ attempt, certificate }, { attempt: 0, certificate: '' });
});
