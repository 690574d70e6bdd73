/** Everything that a run does, each by its weight. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../test/cluster/faults.ts';
import { OPERATOR_NAMESPACE, SERVICE_ACCOUNT } from '../../test/e2e/support/installation.ts';
import { renew, rollOver } from '../../test/rotation/rotations.ts';
import { flood, sendMalformed, trickle, type Target } from './attacks.ts';
import { EDITS } from './edits.ts';
import type { World } from './world.ts';

export interface Deed {
  name: string;
  weight: number;
  act(world: World, random: () => number, signal: AbortSignal): Promise<void>;
}

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${SERVICE_ACCOUNT}`;
const MINUTE = 60_000;
const FLOOD = { connections: 1000, ms: 1500 };
const TRICKLE = { clients: 60, ms: 5000 };

const pick = <T>(list: readonly T[], random: () => number): T => {
  const item = list[Math.floor(random() * list.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

const targetOf = ({ bed, replicas }: World, random: () => number): Target => ({
  replica: pick(replicas, random),
  injector: pick(bed.injectors, random).name,
});

/** Has the operator's calls go wrong in these ways for a while. */
const disturb = (world: World, faults: readonly Fault[], ms: number): Promise<void> =>
  world.disturbing(async () => {
    const path = '/faults';
    for (const fault of faults)
      await world.client.request({ method: 'POST', path, body: { ...fault, user: OPERATOR } });
    await sleep(ms);
    await world.client.request({ method: 'DELETE', path });
  });

const rotation = (name: string, weight: number, rotate: typeof renew): Deed => ({
  name,
  weight,
  async act(world, random, signal) {
    const injector = pick(world.bed.injectors, random).name;
    await world.inTurn(`rotation of ${injector}`, () => rotate(world.bed, injector, signal));
  },
});

export const DEEDS: readonly Deed[] = [
  rotation('renewal', 6, renew),
  rotation('rollover', 4, rollOver),
  {
    name: 'rolling restart',
    weight: 1,
    act: (world) => world.inTurn('replicas', () => world.bed.fleet.restart()),
  },
  {
    name: 'killed leader',
    weight: 2,
    async act(world, random) {
      await world.inTurn('replicas', () => world.bed.fleet.killLeader(() => sleep(random() * 500)));
    },
  },
  {
    name: 'one call in five goes wrong',
    weight: 3,
    async act(world, random) {
      const share = 0.05;
      const kinds: Fault[] = [
        { status: 409, share },
        { status: 429, retryAfterSeconds: 1, share },
        { status: 500, share },
        { loseResponse: true, share },
      ];
      await disturb(world, kinds, 1000 + random() * 4000);
    },
  },
  {
    name: 'network cut',
    weight: 2,
    async act(world, random) {
      const body = { user: OPERATOR };
      await world.client.request({ method: 'POST', path: '/faults/drop-watches', body });
      await disturb(world, [{ loseResponse: true }], 1000 + random() * 3000);
    },
  },
  {
    name: 'clock jump',
    weight: 2,
    async act(world, random) {
      const ms = pick([-90, -20, 20, 90], random) * MINUTE;
      const replicas = random() < 0.5 ? world.replicas.slice() : [pick(world.replicas, random)];
      await world.inTurn('clock', async () => {
        world.shiftClock(replicas, ms);
        await sleep(3000);
        world.shiftClock(replicas, 0);
      });
    },
  },
  {
    name: 'hand edit',
    weight: 4,
    async act(world, random) {
      const [name, edit] = pick(Object.entries(EDITS), random);
      const place = pick(world.bed.injectors, random);
      world.count(name);
      world.bed.figures.note(`at ${place.name}`);
      await world.inTurn(`edits of ${place.name}`, () => edit(world, place));
    },
  },
  {
    name: 'flood of connections',
    weight: 1,
    act: (world, random) => flood(targetOf(world, random), FLOOD.connections, FLOOD.ms),
  },
  {
    name: 'slow clients',
    weight: 1,
    act: (world, random) => trickle(targetOf(world, random), TRICKLE.clients, TRICKLE.ms),
  },
  {
    name: 'malformed bodies',
    weight: 2,
    act: (world, random) => sendMalformed(targetOf(world, random)),
  },
];

/** One of them by chance. */
export const chooseDeed = (random: () => number): Deed => {
  let left = random() * DEEDS.reduce((sum, { weight }) => sum + weight, 0);
  for (const deed of DEEDS) {
    left -= deed.weight;
    if (left < 0) return deed;
  }
  return pick(DEEDS, random);
};
