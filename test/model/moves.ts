/** Everything that may happen next to a rollover: to its leaders, replicas, API servers, and by hand. */
import type { Move } from './explore.ts';
import { act, readConfigurationFirst, readSecretFirst, stage, type Broken } from './leader.ts';
import { LAG, newLeader, OLDEST, REPORT_LAG } from './state.ts';
import type { Budget, Replica, Watched, World } from './state.ts';
import { publish, withLeader } from './writes.ts';

/** What comes after is not looked at. */
export const isCut = ({ secret, budget }: World): boolean => secret.state.seq > budget.secretWrites;

/** All moves from a state. A write that gets lost is no move: it is a leader that has not acted yet. */
export const movesOf = (world: World, broken: Broken): Move<World>[] => {
  if (isCut(world)) return [];
  const moves: Move<World>[] = [{ name: 'time goes by', to: tick(world) }];
  for (const [index, leader] of world.leaders.entries()) {
    const half = broken.readSecretFirst === true ? readSecretFirst : readConfigurationFirst;
    const read = half(world, index);
    // Who is alone need not fear what others write between its two reads.
    moves.push({ name: `leader ${index} reads`, to: world.leaders.length === 1 ? half(read, index) : read });
    if (leader.bundle !== undefined && leader.secret !== undefined) {
      for (const answered of [true, false]) {
        const to = act(world, index, broken, answered);
        if (to !== undefined) moves.push(answered ? to : { ...to, name: `${to.name}, and hears no answer` });
      }
      if (world.budget.rollovers > 0 && leader.secretIsFresh && leader.secret.state.phase === 'Stable')
        moves.push({ name: `leader ${index} stages a new authority`, to: stage(world, leader.secret) });
    }
    if (world.budget.crashes > 0)
      moves.push({ name: `leader ${index} crashes`, to: withLeader(spend(world, 'crashes'), index, newLeader()) });
  }
  for (const [index, replica] of world.replicas.entries()) {
    if (replica.unread.length > 0) moves.push({ name: `${replica.name} follows`, to: follow(world, index) });
    if (replica.report?.seq !== replica.seq || replica.report.served !== replica.serves)
      moves.push({ name: `${replica.name} reports`, to: withReplica(world, index, reported(replica)) });
    if (world.budget.restarts > 0) moves.push({ name: `${replica.name} is replaced`, to: restart(world, index) });
  }
  if (world.budget.edits > 0 && !world.bundle.byHand) {
    const to = publish(spend(world, 'edits'), { anchors: [99], touch: world.bundle.touch, byHand: true });
    moves.push({ name: 'somebody edits the caBundle', to });
  }
  if (world.budget.missedWrites > 0 && !world.missesNext)
    moves.push({ name: 'an API server will miss a write', to: { ...spend(world, 'missedWrites'), missesNext: true } });
  return moves;
};

/** Trust before serving, and serving no longer before trust goes: for every replica and all that an API server may hold. */
export const violationOf = ({ broken, replicas, bundle, held, stuck }: World): string | undefined => {
  if (broken.length > 0) return broken.join('; ');
  // While somebody else's bundle is published, nothing of ours can help.
  if (bundle.byHand) return undefined;
  const bundles = stuck === undefined ? [bundle, ...held] : [bundle];
  for (const { name, serves } of replicas) {
    for (const { anchors } of bundles) {
      if (!anchors.includes(serves) && !anchors.includes(99))
        return `${name} serves ${serves}, an API server trusts ${anchors.join(' and ')}`;
    }
  }
  return undefined;
};

const spend = (world: World, what: keyof Budget): World => ({
  ...world,
  budget: { ...world.budget, [what]: world.budget[what] - 1 },
});
const older = (age: number): number => Math.min(OLDEST, age + 1);
const withReplica = (world: World, index: number, replica: Replica): World => ({
  ...world,
  replicas: world.replicas.with(index, replica),
});
const reported = (replica: Replica): Replica => ({
  ...replica,
  report: { seq: replica.seq, served: replica.serves },
  reportAge: 0,
});

/** API servers call all the while: what one of them does not trust is refused within a tick. */
const tick = (world: World): World => {
  const { stuck, replicas } = world;
  const refused = stuck !== undefined && replicas.some(({ serves }) => !stuck.includes(serves));
  return {
    ...world,
    bundleAge: older(world.bundleAge),
    held: world.held.flatMap(({ anchors, age }) => (age < LAG ? [{ anchors, age: age + 1 }] : [])),
    replicas: replicas.map((replica) => {
      const late = replica.reportAge >= REPORT_LAG;
      const same = replica.report?.seq === replica.seq && replica.report.served === replica.serves;
      return late || same ? reported(replica) : { ...replica, reportAge: replica.reportAge + 1 };
    }),
    leaders: world.leaders.map((leader) => ({
      ...leader,
      unheard: leader.unheard || refused,
      refusedAgo: older(leader.refusedAgo),
      watched: mapValues(leader.watched, (one) => ({ ...one, since: older(one.since) })),
    })),
  };
};

const mapValues = (
  values: Readonly<Record<string, Watched>>,
  change: (value: Watched) => Watched,
): Record<string, Watched> => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

const follow = (world: World, index: number): World => {
  const replica = world.replicas[index];
  const [told, ...unread] = replica?.unread ?? [];
  if (replica === undefined || told === undefined) return world;
  return withReplica(world, index, { ...replica, ...told, unread });
};

/** The new one reads the Secret before it serves; the leaders hear of it later. */
const restart = (world: World, index: number): World => {
  const { secret, names } = world;
  const fresh: Replica = {
    name: `r${names}`,
    unread: [],
    seq: secret.state.seq,
    serves: secret.current,
    report: undefined,
    reportAge: 0,
  };
  return withReplica({ ...spend(world, 'restarts'), names: names + 1 }, index, fresh);
};
