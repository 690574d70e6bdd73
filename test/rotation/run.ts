/** One run: the bed, the load, the drivers, and at the end what must be true when all is quiet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../src/errors.ts';
import { openBed, type Bed } from './bed.ts';
import { Canaries } from './canaries.ts';
import { DRIVERS } from './drivers.ts';
import { calm, disturb } from './faults.ts';
import { Figures, type Violation } from './figures.ts';
import { createPods } from './load.ts';
import type { RotationOptions } from './options.ts';
import { checkQuiet } from './quiet.ts';

/** Makes the run and gives back what it counted. Rejects only when the bed itself breaks. */
export const runRotation = async (options: RotationOptions, figures = new Figures()): Promise<Figures> => {
  const bed = await openBed(options, figures);
  try {
    await drive(bed);
    return bed.figures;
  } finally {
    await bed.close();
  }
};

const LOOK_MS = 50;

const noticed = async (figures: Figures, kinds: readonly Violation[], signal: AbortSignal): Promise<void> => {
  while (figures.countOf(kinds) === 0 && !signal.aborted) await sleep(LOOK_MS);
};

const drive = async (bed: Bed): Promise<void> => {
  const { options, clients, injectors, fleet, figures } = bed;
  const ending = new AbortController();
  const canaries = new Canaries(bed.environment.client);
  figures.start();
  const background = [
    canaries.follow(ending.signal),
    fleet.probe(ending.signal),
    createPods(
      {
        clients,
        namespaces: injectors,
        workers: options.workers,
        figures,
        excused: ({ message }) => (fleet.excuses(message) ? 'Killed' : undefined),
      },
      ending.signal,
    ),
  ];
  if (options.faults > 0) await disturb(bed);
  const driving = DRIVERS.map(async (driver) => {
    try {
      await driver(bed, ending.signal);
    } catch (error) {
      figures.violate('broken promises', `a driver ended: ${describeError(error)}`);
    }
  });
  const finished = Promise.all([...driving, sleep(options.seconds * 1000)]);
  const { stopAt } = options;
  await Promise.race([finished, ...(stopAt.length > 0 ? [noticed(figures, stopAt, ending.signal)] : [])]);
  if (options.faults > 0) await calm(bed);
  if (figures.countOf(stopAt) === 0) await checkQuiet(bed);
  ending.abort();
  await Promise.all([finished, ...background]);
  figures.judgeRefusals((...refusal) => canaries.wasOne(...refusal));
};
