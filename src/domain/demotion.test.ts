import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle, done, injector, later, now, operator, stored } from '../../test/support/injector-facts.ts';
import { at } from './json.ts';
import { asWritten, demotion } from './demotion.ts';
import { desiredWebhookConfiguration } from './plan-objects.ts';
import { plan, probeSubject, type Facts, type ProbeFacts } from './plan.ts';
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
