/** A run of disorder in rounds; at the end of each everything has to be well again, soon. */
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../src/errors.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get } from '../../src/kube/verbs.ts';
import { AUTHORITY_KEY } from '../../test/e2e/support/certificates.ts';
import { openBed } from '../../test/rotation/bed.ts';
import { Canaries } from '../../test/rotation/canaries.ts';
import { Figures } from '../../test/rotation/figures.ts';
import { createPods } from '../../test/rotation/load.ts';
import { ROTATION_DEFAULTS } from '../../test/rotation/options.ts';
import { checkQuiet } from '../../test/rotation/quiet.ts';
import { randomFrom } from '../../test/rotation/random.ts';
import { chooseDeed } from './deeds.ts';
import { checkMemory, measureMemory } from './memory.ts';
import type { ChaosOptions } from './options.ts';
import { CONVERGENCE_MS, World } from './world.ts';

export interface ChaosResult {
  figures: Figures;
  deeds: ReadonlyMap<string, number>;
  /** MiB, at the end of each round. */
  memory: readonly { heap: number; resident: number }[];
}

/** Makes the run. Rejects only when the bed itself breaks. */
export const runChaos = async (
  options: ChaosOptions,
  figures = new Figures(),
  onRound: (memory: { heap: number; resident: number }) => void = () => undefined,
): Promise<ChaosResult> => {
  const hook = pathToFileURL(path.join(import.meta.dirname, 'hook.ts'));
  const rotation = { ...ROTATION_DEFAULTS, seed: options.seed, quietMs: CONVERGENCE_MS, alone: false };
  const bed = await openBed(rotation, figures, (directory) => {
    hook.searchParams.set('clocks', World.clockFiles(directory));
    return ['--expose-gc', `--import=${hook.href}`];
  });
  const world = new World(bed);
  const namespaceOf = (injector: string): string =>
    bed.injectors.find(({ name }) => name === injector)?.namespace ?? '';
  const ending = new AbortController();
  const canaries = new Canaries(bed.environment.client);
  const memory: { heap: number; resident: number }[] = [];
  try {
    figures.start();
    const background = [
      canaries.follow(ending.signal),
      bed.fleet.probe(ending.signal),
      createPods(
        {
          clients: bed.clients,
          namespaces: bed.injectors,
          workers: bed.options.workers,
          figures,
          excused: ({ message, namespace }) => {
            if (world.wasSpoilt(namespace, performance.now())) return 'Spoilt';
            return bed.fleet.excuses(message) ? 'Killed' : undefined;
          },
        },
        ending.signal,
      ),
    ];
    const actors = Array.from({ length: options.actors }, (_, index) => randomFrom(options.seed + index));
    const end = performance.now() + options.minutes * 60_000;
    memory.push(await measureMemory(world));
    while (performance.now() < end) {
      const round = Math.min(end, performance.now() + options.roundSeconds * 1000);
      await Promise.all(actors.map((random) => act(world, random, round, ending.signal)));
      await settle(world, memory[0]?.heap ?? 0);
      memory.push(await measureMemory(world));
      onRound(memory.at(-1) ?? { heap: 0, resident: 0 });
    }
    ending.abort();
    await Promise.all(background);
    figures.judgeRefusals(
      (replica, injector, at) => canaries.wasOne(replica, injector, at) || world.wasSpoilt(namespaceOf(injector), at),
    );
    return { figures, deeds: world.counts, memory };
  } finally {
    ending.abort();
    await bed.close();
  }
};

/** One deed after the other until the round is over. */
const act = async (world: World, random: () => number, end: number, signal: AbortSignal): Promise<void> => {
  while (performance.now() < end) {
    const deed = chooseDeed(random);
    world.count(deed.name);
    try {
      await deed.act(world, random, signal);
    } catch (error) {
      world.bed.figures.violate('broken promises', `${deed.name}: ${describeError(error)}`);
    }
    await sleep(random() * 500);
  }
};

/** Nobody does anything any more: then all is well within the time that there is for it, and nothing is lost. */
const settle = async (world: World, level: number): Promise<void> => {
  const { figures } = world.bed;
  await checkQuiet(world.bed);
  const authority = await get<Secret>(world.client, RESOURCES.secrets, AUTHORITY_KEY);
  if (authority?.data?.['ca.key'] === undefined) figures.violate('broken promises', 'the authority is lost');
  await checkMemory(world, level).catch((error: unknown) =>
    figures.violate('broken promises', `memory: ${describeError(error)}`),
  );
};
