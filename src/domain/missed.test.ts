import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { cureOf, slipOf, whyMissed, type MissedFacts } from './missed.ts';

const KEY = 'inject.sidecarinjector.dev/web';
const at = (minute: number): number => Date.UTC(2026, 0, 1, 12, minute);
const iso = (minute: number): string => new Date(at(minute)).toISOString();

/** Made at 12:10, Ready since 12:20. */
const injector = (ready: 'True' | 'False' = 'True', spec: object = {}): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'web', creationTimestamp: iso(10) },
  spec: { selection: { namespaceSelector: { matchLabels: { a: 'b' } } }, template: {}, ...spec },
  status: {
    conditions: [{ type: 'Ready', status: ready, lastTransitionTime: iso(20), reason: 'R', message: 'no certificate' }],
  },
});
const { status: _none, ...unseen } = injector();
const podAt = (minute: number) => ({ createdAt: at(minute), namespace: 'apps' });
const injected = { reason: 'injected', message: '' } as const;

const ROWS: [what: string, facts: MissedFacts, why: RegExp][] = [
  ['an older pod', { pod: podAt(9), injector: injector() }, /^the pod is older than the SidecarInjector$/],
  ['an injector that is not Ready', { pod: podAt(30), injector: injector('False') }, /not Ready: no certificate/],
  [
    'one that was not',
    { pod: podAt(15), injector: injector() },
    /was not Ready at 2026-01-01T12:15:00Z.*since 2026.*12:20/,
  ],
  [
    'a label that came later',
    { pod: podAt(30), injector: injector(), selectedAt: at(31) },
    /apps was labelled later, at .*12:31/,
  ],
  ['one of the same second', { pod: podAt(10), injector: injector() }, /^the pod is older than the SidecarInjector$/],
  [
    'a label that came later, all in one second',
    { pod: podAt(10), injector: injector(), selectedAt: at(10) + 400 },
    /apps was labelled later/,
  ],
  ['a label that came before', { pod: podAt(32), injector: injector(), selectedAt: at(31) }, /failurePolicy Ignore/],
  ['a label that came in that second', { pod: podAt(31), injector: injector(), selectedAt: at(31) }, /labelled later/],
  [
    'an injector of which nothing is known yet',
    { pod: podAt(30), injector: unseen },
    /not Ready: it has not been looked at yet$/,
  ],
  ['an injector that was Ready in that second', { pod: podAt(20), injector: injector() }, /was not Ready at .*12:20/],
  ['no answer', { pod: podAt(30), injector: injector(), decision: injected }, /got no answer .*failurePolicy Ignore/],
  [
    'no question',
    { pod: podAt(30), injector: injector('True', { webhook: { failurePolicy: 'Fail' } }) },
    /did not ask/,
  ],
  [
    'a conflict that only the spec tells',
    { pod: podAt(9), injector: injector(), decision: { reason: 'conflict_skipped', message: 'a name is taken' } },
    /^conflict_skipped: a name is taken$/,
  ],
];
for (const [what, facts, why] of ROWS) {
  test(`missed because of ${what}`, () => assert.match(whyMissed(facts), why));
}

test('the cure is a restart, by hand or by the rollout, but not where that does not help', () => {
  assert.match(cureOf(injector(), 'the pod is older'), /restart the workload, or set spec.rollout.mode/);
  assert.match(
    cureOf(injector('True', { rollout: { mode: 'Restart' } }), 'the pod is older'),
    /the rollout restarts it/,
  );
  assert.match(cureOf(injector(), 'the injector is not Ready: no certificate'), /^restart the workload/);
  assert.match(cureOf(injector(), 'conflict_skipped: a name is taken'), /does not help/);
});

test('a slip is a misspelt key, or an annotation on the workload itself', () => {
  const slip = (annotations: Record<string, string>, own: Record<string, string> = {}) =>
    slipOf({ annotations }, injector(), new Set([KEY]), [{ kind: 'Deployment', name: 'shop', annotations: own }]);
  const misspelt = slip({ 'inject.sidecarinjektor.dev/web': 'true' });
  assert.equal(misspelt?.reason, 'AnnotationMisspelt');
  assert.match(
    misspelt.note,
    /has annotation inject.sidecarinjektor.dev\/web, and SidecarInjector web listens to inject/,
  );
  const misplaced = slip({}, { [KEY]: 'yes' });
  assert.equal(misplaced?.reason, 'AnnotationMisplaced');
  assert.match(misplaced.note, /is on Deployment shop itself.*spec.template.metadata.annotations/);
  assert.equal(slip({}, { [KEY]: 'false' }), undefined);
  assert.equal(slip({}, { [KEY]: 'maybe' }), undefined);
  assert.equal(slip({}, { other: 'true' }), undefined);
});
