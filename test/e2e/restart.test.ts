/** A new process finds everything as it left it: that is no news to anybody. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../src/api/v1alpha1/types.ts';
import { until } from '../support/until.ts';
import { applyReady, injectorNamed, injectorStatus, useOperator } from './support/fixture.ts';
import { freePort, startOperator } from './support/operator.ts';

const NAMES = ['one', 'two', 'three', 'four', 'five', 'six'];
const webhookPort = await freePort();
const fixture = useOperator({ webhookPort });

const conditions = (): Promise<(readonly Condition[] | undefined)[]> =>
  Promise.all(NAMES.map(async (name) => (await injectorStatus(fixture.client, name)).status?.conditions));

test('after a restart no condition changes, not even for a moment, where nothing did', async () => {
  const { client, environment } = fixture;
  for (const name of NAMES) await applyReady(client, injectorNamed(name));
  const verifies = (): number =>
    fixture.operator.lines.filter((line) => line.includes('"injection is verified"')).length;
  await until('every probe has come back', () => verifies() === NAMES.length);
  const before = await conditions();
  await fixture.operator.stop();
  // Its first probes come before anybody sends calls to it: whether it is ready is found out by and by.
  fixture.operator = await startOperator(environment, { webhookPort });
  await until('every probe has come back again', () => verifies() === NAMES.length);
  assert.deepEqual(await conditions(), before);
});
