/** The accepted templates that are kept, and what the counts of pods cost the API server. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually, PATHS, World, type Json } from './operator-world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

describe('revisions', () => {
  const images = async (): Promise<string[]> => {
    const records = await world.items(PATHS.revisions);
    const mine = records.filter(({ metadata }) => metadata.labels['sidecarinjector.dev/injector'] === 'kept');
    return mine
      .toSorted((one, other) => one.revision - other.revision)
      .map(({ data }) => data.template.containers[0].image);
  };
  const accept = async (image: string): Promise<Json> => {
    await world.merge(PATHS.injector('kept'), { spec: { template: { containers: [{ name: 'side', image }] } } });
    return world.ready('kept');
  };

  it('the last ten accepted templates are kept; the one that is taken back to is the newest', async () => {
    const operator = await world.startOperator();
    await world.applyInjector('kept', { template: { containers: [{ name: 'side', image: 'i0' }] } });
    const first = await world.ready('kept');
    const numbers = Array.from({ length: 11 }, (_, index) => index + 1);
    for (const number of numbers) await accept(`i${number}`);
    await eventually('ten are left', async () => (await images()).length === 10);
    assert.deepEqual(
      await images(),
      numbers.slice(1).map((number) => `i${number}`),
    );

    const back = await accept('i3');
    await eventually('it is the newest', async () => (await images()).at(-1) === 'i3');
    assert.equal((await images()).length, 10);
    assert.notEqual(back.status.template.revision, first.status.template.revision);
    await accept('i12');
    await eventually('the oldest goes', async () => (await images()).join() === 'i4,i5,i6,i7,i8,i9,i10,i11,i3,i12');
    await operator.kill();
  });
});
