/** failurePolicy Fail must not stop a cluster whose webhook nobody can reach. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, NAMESPACE, PATHS, World, type Json } from './operator-world.ts';

let world: World;
before(async () => {
  // A connection that is kept open would lead past what the Service says.
  world = await World.start({ closeConnections: true });
});
after(() => world.stop());

const POD = `${PATHS.pods(NAMESPACE)}/operator/status`;

/** Whether the Service leads to the operator. */
async function reachable(ready: boolean): Promise<void> {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await world.call('PATCH', POD, { status: { conditions } }, 'application/strategic-merge-patch+json');
}

async function policies(): Promise<string[]> {
  const { webhooks } = await world.get(PATHS.configuration('fail'));
  return webhooks.map(({ failurePolicy }: Json) => failurePolicy);
}

async function notes(type: string): Promise<string[]> {
  return (await world.items(PATHS.events))
    .filter((event: Json) => event.action === 'WebhookConfigured' && event.type === type)
    .map(({ note }: Json) => note);
}

test('Fail is written as Ignore while no API server can call, and again as Fail when one can; a new leader changes nothing', async () => {
  const first = await world.startOperator();
  await world.applyInjector('fail', { webhook: { failurePolicy: 'Fail' } });
  await world.ready('fail');
  assert.deepEqual(await policies(), ['Fail', 'Fail']);
  const { generation } = (await world.get(PATHS.configuration('fail'))).metadata;
  await first.kill();

  const second = await world.startOperator();
  await eventually('pods reach the new leader', async () => world.containersOfNewPod('a').catch(() => undefined));
  assert.deepEqual(await world.containersOfNewPod('a'), ['app', 'side-fail']);
  assert.deepEqual(await policies(), ['Fail', 'Fail']);
  assert.equal((await world.get(PATHS.configuration('fail'))).metadata.generation, generation);

  await reachable(false);
  // What makes the leader look at it: in life the next probe, within a minute, or any change.
  await world.merge(PATHS.injector('fail'), { spec: { webhook: { timeoutSeconds: 4 } } });
  await eventually('pods are refused', async () =>
    world.containersOfNewPod('b').then(
      () => false,
      (error: unknown) => /failed calling webhook/.test(String(error)),
    ),
  );
  await eventually('Fail is given up', async () => (await policies())[0] === 'Ignore');
  assert.deepEqual(await policies(), ['Ignore', 'Fail'], 'the probe entry stays');
  assert.deepEqual(await world.containersOfNewPod('b'), ['app']);
  await eventually('the condition says so', async () => {
    const condition = await world.condition('fail', 'WebhookConfigured');
    return condition?.reason === 'FailurePolicyDemoted' && condition.status === 'False';
  });
  await eventually('an Event says so', async () =>
    (await notes('Warning')).some((note) => /Ignore instead of Fail/.test(note)),
  );

  await reachable(true);
  await eventually('Fail is restored', async () => (await policies())[0] === 'Fail', 30_000);
  assert.deepEqual(await world.containersOfNewPod('c'), ['app', 'side-fail']);
  await eventually(
    'the condition is True',
    async () => (await world.condition('fail', 'WebhookConfigured'))?.status === 'True',
  );
  await eventually('an Event says so', async () => (await notes('Normal')).length > 0);
  await second.kill();
});
