import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { Attempt } from '../../domain/rollout-attempts.ts';
import { recall, rolloutStatus, tidy } from './memory.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const attempt: Attempt = {
  workload: { namespace: 'apps', kind: 'ReplicaSet', name: 'web', uid: 'u' },
  revision: 'r',
  startedAt: NOW - 30_000,
  newestAt: NOW - 90_000,
  before: new Set(['a']),
  evicted: 2,
  downBefore: 1,
  failures: 3,
  retryAt: NOW + 60_000,
};
const injectorWith = (rollout: object | undefined): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'web', uid: 'i' },
  spec: { selection: { namespaceSelector: {} }, template: {} },
  status: { ...(rollout !== undefined && { rollout }) },
});

test('another leader knows all but the uids of the pods that were there', () => {
  const stored = rolloutStatus({ attempts: [attempt], evictions: [NOW - 20_000, NOW - 10_000] });
  const memory = recall(injectorWith(stored), NOW);
  const { before: _lost, ...rest } = attempt;
  assert.deepEqual(memory.attempts, [rest]);
  // Never earlier than they were: the limit of a minute holds over the change.
  assert.deepEqual(memory.evictions, [NOW, NOW]);
  assert.deepEqual(rolloutStatus(memory)?.attempts, stored?.attempts, 'and writes the same');
});

test('what was evicted long ago does not count', () => {
  const stored = rolloutStatus({ attempts: [], evictions: [NOW - 80_000] });
  assert.deepEqual(recall(injectorWith(stored), NOW).evictions, []);
});

test('nothing is stored of nothing', () => {
  assert.equal(rolloutStatus(recall(injectorWith(undefined), NOW)), undefined);
});

test('the status does not change because time goes by', () => {
  const memory = { ...recall(injectorWith(undefined), NOW), evictions: [NOW - 100_000, NOW - 40_000, NOW] };
  tidy(memory, new Set(), NOW);
  const stored = rolloutStatus(memory);
  assert.equal(stored?.lastMinuteEvictions, 2);
  tidy(memory, new Set(), NOW + 3_600_000);
  assert.deepEqual(rolloutStatus(memory), stored);
});

test('what is about pods that are gone, and what is over, is forgotten', () => {
  const memory = recall(injectorWith(undefined), NOW);
  for (const uid of ['there', 'gone']) {
    memory.evicted.add(uid);
    memory.seenReady.add(uid);
    memory.hopeless.set(uid, 'why');
  }
  memory.held.set('w', { until: NOW, message: '' }).set('x', { until: NOW + 1, message: '' });
  memory.notPermitted = { until: NOW, message: '' };
  tidy(memory, new Set(['there']), NOW);
  assert.deepEqual([...memory.evicted], ['there']);
  assert.deepEqual([...memory.seenReady], ['there']);
  assert.deepEqual([...memory.hopeless.keys()], ['there']);
  assert.deepEqual([...memory.held.keys()], ['x']);
  assert.equal(memory.notPermitted, undefined);
});
