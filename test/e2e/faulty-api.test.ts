/** An API server of which one call in five goes wrong: everything still comes to its end, and no pod pays for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { until } from '../support/until.ts';
import { randomFrom } from '../rotation/random.ts';
import { askForRotation, atRest, configurationOf, requestsOf, secretKey } from './support/certificates.ts';
import { startCreating, type Creating } from './support/creating.ts';
import { applyReady, deleteInjector, injectorNamed } from './support/fixture.ts';
import type { ApiCall, Fate } from './support/proxy.ts';
import { useOperatorThroughDoor } from './support/through-door.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const SHARE = 0.2;
/** Retries, back-off and a busy machine. */
const PATIENCE = { timeoutMs: 90_000 };
const NAME = 'faulty';

let creating: Creating;
const seen = new Map<string, number>();
const random = randomFrom(SEED);

/** 409 is an answer to writes, and an answer that is cut off in the middle matters to watches. */
const fateOf = ({ writes, query }: ApiCall): Fate => {
  if (random() >= SHARE) return 'Pass';
  const kinds: Fate[] = [{ status: 429 }, { status: 500 }, 'Drop', 'LoseAnswer'];
  if (writes) kinds.push({ status: 409 });
  if (query.has('watch')) kinds.push({ cutAfterMs: random() * 2000 });
  return kinds[Math.floor(random() * kinds.length)] ?? 'Drop';
};

const nameOf = (fate: Fate): string => {
  if (typeof fate === 'string') return fate;
  return 'status' in fate ? String(fate.status) : 'Cut';
};

const decide = (call: ApiCall): Fate => {
  const fate = fateOf(call);
  const name = nameOf(fate);
  seen.set(name, (seen.get(name) ?? 0) + 1);
  return fate;
};

const through = useOperatorThroughDoor(decide);

test('a first certificate is issued', async () => {
  const { client } = through;
  const spec = { webhook: { failurePolicy: 'Fail' } };
  const namespace = await applyReady(client, injectorNamed(NAME, spec), undefined, PATIENCE.timeoutMs);
  await atRest(client, NAME, PATIENCE);
  creating = startCreating(client, namespace, `${NAME}-sidecar`);
});

test('it is renewed', async () => {
  const { client } = through;
  const before = await atRest(client, NAME, PATIENCE);
  await askForRotation(client, NAME, 'leaf-1');
  const { certificate, anchors } = await atRest(client, NAME, { ...PATIENCE, wish: 'leaf-1' });
  assert.notEqual(certificate, before.certificate);
  assert.equal(anchors, before.anchors);
});

test('its authority is replaced', async () => {
  const { client } = through;
  const before = await atRest(client, NAME, PATIENCE);
  await askForRotation(client, NAME, 'ca-1');
  const { anchors } = await atRest(client, NAME, { ...PATIENCE, wish: 'ca-1' });
  assert.notEqual(anchors, before.anchors);
});

test('meanwhile no pod failed, and calls did go wrong in every way', async (t) => {
  await creating.stop();
  assert.deepEqual(creating.failures, []);
  assert.ok(creating.pods > 20, `only ${creating.pods} pods`);
  const counts = Object.fromEntries(seen);
  t.diagnostic(`seed ${SEED}, ${creating.pods} pods, calls: ${JSON.stringify(counts)}`);
  for (const kind of ['409', '429', '500', 'Drop', 'LoseAnswer']) assert.ok((seen.get(kind) ?? 0) > 0, kind);
});

test('it is deleted, with all that was made for it', async () => {
  const { client } = through;
  await deleteInjector(client, NAME);
  await until(
    'nothing is left',
    async () =>
      (await configurationOf(client, NAME)) === undefined &&
      (await get(client, RESOURCES.secrets, secretKey(NAME))) === undefined &&
      (await requestsOf(client, NAME)).length === 0,
    PATIENCE,
  );
});
