/** A rotation that is wished for while a certificate is on its way already is not taken for fulfilled by that one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/until.ts';
import { askForRotation, atRest, stateOf } from './support/certificates.ts';
import { applyReady, injectorNamed } from './support/fixture.ts';
import { useOperatorThroughDoor } from './support/through-door.ts';

const NAME = 'wished';
const PATIENCE = { timeoutMs: 60_000 };

let holdsRequests = false;
const through = useOperatorThroughDoor(({ writes, path }) =>
  holdsRequests && writes && path.includes('/certificatesigningrequests') ? { status: 500 } : 'Pass',
);

test('a new authority that is wished for while a renewal is under way comes after it', async () => {
  const { client } = through;
  await applyReady(client, injectorNamed(NAME));
  await atRest(client, NAME, PATIENCE);
  const { anchors } = await stateOf(client, NAME);
  holdsRequests = true;
  await askForRotation(client, NAME, 'leaf-1');
  await until('a key waits for its certificate', async () => (await stateOf(client, NAME)).pendingKey !== '', PATIENCE);
  await askForRotation(client, NAME, 'ca-2');
  holdsRequests = false;
  await until(
    'there is another authority',
    async () => {
      const state = await stateOf(client, NAME);
      return state.rollover.phase === 'Stable' && state.anchors !== anchors && state.rotated === 'ca-2';
    },
    PATIENCE,
  );
  await atRest(client, NAME, PATIENCE);
  assert.equal((await stateOf(client, NAME)).pendingWish, '');
});
