import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bundle,
  configuration,
  done,
  injector,
  later,
  now,
  operator,
  stored,
} from '../../test/support/injector-facts.ts';
import { at, objectsAt } from './json.ts';
import { asWritten, demotion, restoreAt, wantsFail } from './demotion.ts';
import { desiredWebhookConfiguration } from './plan-objects.ts';
import { plan, probeSubject, type Facts, type ProbeFacts } from './plan.ts';
import { ROLLOVER_TIMING, type RolloverFacts } from './rollover.ts';
import { statusOf } from './status.ts';

const wish = (failurePolicy: 'Ignore' | 'Fail'): Facts['injector'] => ({
  ...injector,
  spec: { ...injector.spec, webhook: { failurePolicy } },
});
/** Fail is wanted, `policy` is written, and the probe is as given. */
function facts(
  policy: 'Ignore' | 'Fail',
  probe: Partial<ProbeFacts> | undefined,
  wanted: 'Ignore' | 'Fail' = 'Fail',
): Facts {
  const webhookConfiguration = stored(desiredWebhookConfiguration(wish(policy), operator, bundle));
  const base: Facts = { ...done, injector: wish(wanted), webhookConfiguration };
  const of = probeSubject(base);
  const whole = { of, succeeded: false, message: 'x', at: now, again: later(600), ...probe };
  return { ...base, probe: probe && whole };
}
const written = (given: Facts): unknown =>
  plan(given).flatMap((action) =>
    action.type === 'ApplyWebhookConfiguration' ? [at(action.object, ['webhooks', 0, 'failurePolicy'])] : [],
  )[0];

const rows: [name: string, facts: Facts, write: 'Ignore' | 'Fail' | undefined, demoted: boolean][] = [
  ['all is well', facts('Fail', { succeeded: true }), undefined, false],
  ['a leader that just came', facts('Fail', undefined), undefined, false],
  ['calls fail for a moment', facts('Fail', { failingSince: later(-29) }), undefined, false],
  ['calls fail for half a minute', facts('Fail', { failingSince: later(-30) }), 'Ignore', true],
  ['something else keeps the probe from coming back', facts('Fail', { at: later(600) }), undefined, false],
  ['demoted, and calls still fail', facts('Ignore', { failingSince: later(-300) }), undefined, true],
  ['demoted, and the leader just came', facts('Ignore', undefined), undefined, true],
  ['demoted, and the probe comes back', facts('Ignore', { succeeded: true }), 'Fail', false],
  ['Ignore is wanted', facts('Ignore', { failingSince: later(-300) }, 'Ignore'), undefined, false],
  ['Ignore is wanted now', facts('Fail', { failingSince: later(-300) }, 'Ignore'), 'Ignore', false],
];
for (const [name, given, write, demoted] of rows) {
  test(`failurePolicy: ${name}`, () => {
    assert.equal(written(given), write);
    assert.equal(demotion(given) !== undefined, demoted);
    const condition = statusOf(given).conditions?.find(({ type }) => type === 'WebhookConfigured');
    assert.equal(condition?.reason === 'FailurePolicyDemoted', demoted);
    assert.equal(condition?.status === 'True', !demoted && write === undefined);
  });
}

test('the probe entry says Fail, demoted or not: it must hear the words of the failure', () => {
  const given = facts('Fail', { failingSince: later(-300) });
  const { webhooks } = desiredWebhookConfiguration(asWritten(given), operator, bundle);
  assert.equal(at(webhooks, [0, 'failurePolicy']), 'Ignore');
  assert.equal(at(webhooks, [1, 'failurePolicy']), 'Fail');
});

test('the reason says since when calls fail, or what is waited for', () => {
  const failing = facts('Ignore', { failingSince: later(-300) });
  assert.match(demotion(failing) ?? '', /not been able to call the webhook since 2026-01-01T11:55:00/);
  assert.match(demotion(facts('Ignore', undefined)) ?? '', /no probe pod has come back yet/);
  assert.match(demotion(restoring(4999)) ?? '', /changed a moment ago/);
});

const SPACING_MS = ROLLOVER_TIMING.spacingMs;
/** The probe came back, and the configuration has been as it is for so long. */
function restoring(unchangedForMs: number, spacingMs = SPACING_MS): Facts {
  const rollover: RolloverFacts = {
    state: { phase: 'Stable', seq: 1, reverts: 0 },
    current: { fingerprint: 'leaf-1' },
    next: undefined,
    hasPrevious: false,
    published: { asWanted: true, altered: false, unchangedForMs, touch: undefined },
    replicas: [],
    refusals: 0,
    lastRefusalAgoMs: Infinity,
    firstRefusalAgoMs: Infinity,
    inPhaseForMs: 0,
  };
  return {
    ...facts('Ignore', { succeeded: true }),
    rollover: { facts: rollover, timing: { ...ROLLOVER_TIMING, spacingMs } },
  };
}

test('Fail is restored once the probe is back and the last write is old enough', () => {
  assert.notEqual(demotion(restoring(SPACING_MS - 1)), undefined);
  assert.equal(demotion(restoring(SPACING_MS)), undefined);
});

test('it is looked at again where nothing but time is waited for', () => {
  assert.deepEqual(restoreAt(restoring(SPACING_MS - 1)), later(SPACING_MS / 1000));
  assert.deepEqual(restoreAt(restoring(1000, 2000)), later(2));
  for (const waitsForMore of [
    restoring(SPACING_MS),
    facts('Fail', { succeeded: true }),
    facts('Ignore', undefined),
    facts('Ignore', { succeeded: false }),
    { ...facts('Ignore', { succeeded: false }), rollover: restoring(0).rollover },
  ]) {
    assert.equal(restoreAt(waitsForMore), undefined);
  }
  const { rollover: _unknown, ...failing } = facts('Ignore', { succeeded: true, failingSince: later(-300) });
  assert.deepEqual(restoreAt({ ...failing, rollover: undefined }), later(SPACING_MS / 1000));
});

test('a configuration of somebody else says what it says', () => {
  const webhook = { failurePolicy: 'Fail', existingConfiguration: 'theirs' } as const;
  const theirs = { ...injector, spec: { ...injector.spec, webhook } };
  assert.ok(wantsFail(wish('Fail')));
  assert.ok(!wantsFail(theirs));
  assert.equal(demotion({ ...facts('Fail', { failingSince: later(-300) }), injector: theirs }), undefined);
});

test('what other webhooks of the configuration say does not count', () => {
  const other = { name: 'other.example.com', failurePolicy: 'Ignore' };
  const given = facts('Fail', { succeeded: false });
  const webhooks = [other, ...objectsAt(given.webhookConfiguration, ['webhooks'])];
  assert.equal(demotion({ ...given, webhookConfiguration: { ...configuration, webhooks } }), undefined);
});

test('demoted, all but the policy is written as it is wished', () => {
  const given = facts('Ignore', undefined);
  const webhook = { failurePolicy: 'Fail', timeoutSeconds: 7 } as const;
  const wished = { ...injector, spec: { ...injector.spec, webhook } };
  assert.deepEqual(asWritten({ ...given, injector: wished }), {
    ...wished,
    spec: { ...wished.spec, webhook: { failurePolicy: 'Ignore', timeoutSeconds: 7 } },
  });
  assert.equal(asWritten(facts('Fail', undefined)).spec.webhook?.failurePolicy, 'Fail');
});
