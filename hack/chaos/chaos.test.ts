import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stopChildren } from '../../test/e2e/support/child.ts';
import { runChaos } from './run.ts';

after(stopChildren);

test('a short time of disorder: no pod fails that should not, and all is well soon after', async (t) => {
  const { figures, deeds } = await runChaos({ seed: 11, minutes: 0.2, actors: 3, roundSeconds: 12 });
  t.diagnostic(`${[...deeds].map(([name, times]) => `${times} x ${name}`).join(', ')}\n${figures.text()}`);
  assert.equal(figures.count, 0, figures.text());
  assert.ok(figures.pods > 20, 'the run must have created pods');
});
