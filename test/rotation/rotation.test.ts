import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stopChildren } from '../e2e/support/child.ts';
import { ROTATION_DEFAULTS } from './options.ts';
import { runRotation } from './run.ts';

after(stopChildren);

test('renewals, rollovers, restarts and killed leaders fail no pod, with a new connection for each call', async (t) => {
  const options = { ...ROTATION_DEFAULTS, closeConnections: true, renewals: 10, rollovers: 4, restarts: 1, kills: 3 };
  const figures = await runRotation(options);
  t.diagnostic(figures.text());
  assert.equal(figures.count, 0, figures.text());
  assert.equal(figures.lostWithTheProcess, 0, 'a replica that nobody calls any more takes no call with it');
  assert.ok(figures.pods > 50, 'the run must have created pods');
});
