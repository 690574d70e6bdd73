/** What a run does to the operator while pods are created. Each driver ends when it has done its number of deeds. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from './bed.ts';
import { renew, rollOver } from './rotations.ts';

export type Driver = (bed: Bed, signal: AbortSignal) => Promise<void>;

const pause = async (bed: Bed, mostMs: number, signal?: AbortSignal): Promise<void> => {
  await sleep(bed.random() * mostMs, undefined, signal && { signal }).catch(() => undefined);
};

/** Renewals and rollovers, mixed: one at a time for each injector, all injectors at the same time. */
const rotations: Driver = async (bed, signal) => {
  const { options, injectors } = bed;
  const deeds = [
    ...Array.from({ length: options.renewals }, () => renew),
    ...Array.from({ length: options.rollovers }, () => rollOver),
  ]
    .map((deed) => ({ deed, place: bed.random() }))
    .toSorted((a, b) => a.place - b.place);
  await Promise.all(
    injectors.map(async ({ name }, turn) => {
      for (const [index, { deed }] of deeds.entries()) {
        if (index % injectors.length !== turn || signal.aborted) continue;
        await deed(bed, name, signal);
        bed.figures.deeds += 1;
      }
    }),
  );
};

/** Resolves when this share of the renewals and rollovers is done: what else happens is spread over all of them. */
const whenDone = async ({ options, figures }: Bed, share: number, signal: AbortSignal): Promise<void> => {
  const deeds = options.renewals + options.rollovers;
  while (figures.deeds < Math.floor(deeds * share) && !signal.aborted) await sleep(100);
};

const restarts: Driver = async (bed, signal) => {
  for (let count = 0; count < bed.options.restarts && !signal.aborted; count += 1) {
    await whenDone(bed, count / bed.options.restarts, signal);
    await pause(bed, 1000, signal);
    await oneAtATime(bed, () => bed.fleet.restart());
  }
};

const kills: Driver = async (bed, signal) => {
  for (let count = 0; count < bed.options.kills && !signal.aborted;) {
    await whenDone(bed, count / bed.options.kills, signal);
    await pause(bed, 1500, signal);
    // Right after a kill or a restart nobody leads yet.
    if (await oneAtATime(bed, () => bed.fleet.killLeader(() => pause(bed, 500)))) count += 1;
  }
};

/** A replica is replaced or killed, never both: with three replicas two always serve. */
const turns = new WeakMap<Bed, Promise<unknown>>();
const oneAtATime = <T>(bed: Bed, work: () => Promise<T>): Promise<T> => {
  const turn = (turns.get(bed) ?? Promise.resolve()).then(work);
  turns.set(
    bed,
    turn.catch(() => undefined),
  );
  return turn;
};

export const DRIVERS: readonly Driver[] = [rotations, restarts, kills];
