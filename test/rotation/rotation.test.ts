import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stopChildren } from '../e2e/support/child.ts';
import { ROTATION_DEFAULTS } from './options.ts';
import { runRotation } from './run.ts';

after(stopChildren);

/** Half a minute on two idle cores. */
const LIMIT = { timeout: 300_000 };

test(
  'renewals, rollovers, restarts and killed leaders fail no pod, with a new connection for each call',
  LIMIT,
  async (t) => {
    const few = { injectors: 2, renewals: 10, rollovers: 4, restarts: 1, kills: 3 };
    const options = { ...ROTATION_DEFAULTS, ...few, closeConnections: true };
    const figures = await runRotation(options);
    t.diagnostic(figures.text());
    assert.equal(figures.count, 0, figures.text());
    assert.equal(figures.lostWithTheProcess, 0, 'a replica that nobody calls any more takes no call with it');
    assert.ok(figures.pods > 50, 'the run must have created pods');
  },
);

test('a protocol that does not wait for the slower API server is noticed', LIMIT, async (t) => {
  // At this pace new trust settles for 60 ms, and this API server needs three seconds.
  const options = {
    ...ROTATION_DEFAULTS,
    closeConnections: true,
    injectors: 1,
    renewals: 0,
    rollovers: 1,
    restarts: 0,
    kills: 0,
    configurationLagMs: 3000,
    // Such a rollover need not come to its end: the first refused calls tell.
    patienceMs: 12_000,
    operatorFlags: ['--rollover-pace=1000'],
  };
  const figures = await runRotation(options);
  t.diagnostic(figures.text());
  const counts = new Map(figures.violations.map(({ kind, failures }) => [kind, failures.length]));
  assert.ok((counts.get('failed creates') ?? 0) > 0);
  const refused = (counts.get('refused handshakes') ?? 0) + figures.refusedCanaries;
  assert.ok(refused > 0, 'the operators hear of it');
});
