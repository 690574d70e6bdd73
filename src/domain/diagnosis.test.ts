import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_TEXTS } from '../../test/support/webhook-errors.ts';
import { probeSubject } from './plan.ts';
import { configured, done } from '../../test/support/injector-facts.ts';
import { diagnose } from './diagnosis.ts';
import { statusOf } from './status.ts';
import { WEBHOOK_ERRORS } from './webhook-errors.ts';

for (const [text, id] of ERROR_TEXTS) {
  test(`diagnosis: ${id}: ${text.slice(-70)}`, () => {
    const found = diagnose(text);
    assert.equal(found?.id, id);
    const probe = { of: probeSubject(configured), succeeded: false, message: text, at: done.now, again: done.now };
    const condition = statusOf({ ...done, probe }).conditions?.find(({ type }) => type === 'InjectionVerified');
    assert.equal(condition?.status, 'False');
    for (const part of [found?.cause, found?.fix, text]) {
      assert.ok(part !== undefined && part !== '' && condition?.message.includes(part), condition?.message);
    }
  });
}

test('no entry of the table is without a text, and no id stands for two', () => {
  const ids = WEBHOOK_ERRORS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const shown = new Set(ERROR_TEXTS.map(([, id]) => id));
  assert.deepEqual(
    ids.filter((id) => !shown.has(id)),
    [],
  );
});

test('words that are not in the table get no invented cause', () => {
  assert.equal(diagnose('something else'), undefined);
  assert.equal(diagnose('failed to call webhook: unknown field "desk"'), undefined, 'a 403 says "unknown" and no more');
});

test('in a configuration of somebody else our webhook may have any name', () => {
  const text = 'failed calling webhook "hook.example.com": failed to call webhook: Post "https://x": EOF';
  assert.equal(diagnose(text)?.id, 'OtherWebhook');
  assert.equal(diagnose(text, (name) => name === 'hook.example.com')?.id, 'ConnectionBroke');
});

test('a webhook of somebody else is named, with what is known of its failure', () => {
  const call = 'failed calling webhook "hook.example.com": failed to call webhook: ';
  const known = diagnose(`${call}Post "https://x": EOF`);
  assert.match(known?.cause ?? '', /another webhook, hook\.example\.com, fails \(ConnectionBroke\)/);
  const unknown = diagnose(`${call}the moon is full`);
  assert.equal(unknown?.id, 'OtherWebhook');
  assert.match(unknown.cause, /another webhook, hook\.example\.com, fails:/);
});
