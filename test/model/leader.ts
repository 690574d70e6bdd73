/** What a leader of the model reads, and the write that the product's own code makes of it. */
import {
  nextRolloverStep,
  type RolloverFacts,
  type RolloverState,
  type RolloverTiming,
} from '../../src/domain/rollover.ts';
import type { Move } from './explore.ts';
import { newLeader, TIMING, wantedAnchors } from './state.ts';
import type { Bundle, Leader, Stored, Watched, World } from './state.ts';
import { moved, publish, store, withLeader } from './writes.ts';

/** Rules that a test leaves out, to see that the search finds what they are for. */
export interface Broken {
  timing?: Partial<RolloverTiming>;
  facts?: (facts: RolloverFacts) => RolloverFacts;
  /** Old trust goes with the promotion. */
  narrowAtOnce?: boolean;
  /** The configuration is written whatever its version. */
  noPrecondition?: boolean;
  /** The configuration is read after the Secret. */
  readSecretFirst?: boolean;
}

/** As Steady does: what changed is known for no time. */
const look = (watched: Readonly<Record<string, Watched>>, values: Record<string, string>): Record<string, Watched> => {
  const seen = Object.entries(values).map(([what, value]): [string, Watched] => {
    const known = watched[what];
    return [what, known?.value === value ? { ...known, knownFor: known.since } : { value, knownFor: 0, since: 0 }];
  });
  return { ...watched, ...Object.fromEntries(seen) };
};

/** The configuration, then the Secret: whoever writes the configuration in between makes our write of it fail. */
export const readConfigurationFirst = (world: World, index: number): World => {
  const leader = world.leaders[index] ?? newLeader();
  return leader.bundle === undefined || leader.secret !== undefined
    ? withLeader(world, index, { ...readConfiguration(world, leader), secret: undefined })
    : withLeader(world, index, readSecret(world, leader));
};

export const readSecretFirst = (world: World, index: number): World => {
  const leader = world.leaders[index] ?? newLeader();
  return leader.secret === undefined || leader.bundle !== undefined
    ? withLeader(world, index, { ...readSecret(world, leader), bundle: undefined })
    : withLeader(world, index, readConfiguration(world, leader));
};

const readConfiguration = ({ bundle }: World, leader: Leader): Leader => ({
  ...leader,
  bundle,
  bundleIsFresh: true,
  watched: look(leader.watched, { configuration: String(bundle.version) }),
});

const readSecret = ({ secret, replicas }: World, leader: Leader): Leader => {
  const isNew = leader.watched['seq']?.value !== String(secret.state.seq);
  const heard = !isNew && leader.unheard;
  const seen = replicas.flatMap(({ name, report }): [string, string][] =>
    report === undefined ? [] : [[name, String(report.served)]],
  );
  return {
    ...leader,
    secret,
    secretIsFresh: true,
    watched: look(leader.watched, { seq: String(secret.state.seq), ...Object.fromEntries(seen) }),
    refused: isNew ? false : leader.refused || heard,
    refusedAgo: heard ? 0 : leader.refusedAgo,
    unheard: false,
  };
};

/** A certificate under a new authority is stored beside the one that is served. */
export const stage = (world: World, secret: Stored): World => {
  const state: RolloverState = { phase: 'Staged', seq: secret.state.seq + 1, reverts: 0 };
  const { budget, anchors } = world;
  const staged = { ...world, budget: { ...budget, rollovers: budget.rollovers - 1 }, anchors: anchors + 1 };
  return store(staged, { ...secret, next: anchors, state });
};

/** Undefined where it has nothing to write, or the API server would refuse it. */
export const act = (world: World, index: number, broken: Broken, answered: boolean): Move<World> | undefined => {
  const leader = world.leaders[index] ?? newLeader();
  const { secret, bundle } = leader;
  if (secret === undefined || bundle === undefined) return undefined;
  const wanted = broken.narrowAtOnce === true ? wantedAnchors({ ...secret, previous: [] }) : wantedAnchors(secret);
  const facts = factsOf(world, leader, secret, bundle, wanted);
  const step = nextRolloverStep(broken.facts?.(facts) ?? facts, { ...TIMING, ...broken.timing });
  const forgets = (after: World): World =>
    withLeader(after, index, { ...(after.leaders[index] ?? newLeader()), bundle: undefined, secret: undefined });
  if (step.step === 'Store') {
    if (!leader.secretIsFresh) return undefined;
    const to = store(world, moved(secret, step.state, step.move));
    return { name: `leader ${index} stores ${step.state.phase}: ${step.why}`, to: answered ? to : forgets(to) };
  }
  if (step.step !== 'Publish' && step.step !== 'Touch') return undefined;
  if (!leader.bundleIsFresh && broken.noPrecondition !== true) return undefined;
  const next: Pick<Bundle, 'anchors' | 'touch'> =
    step.step === 'Publish' ? { anchors: wanted, touch: bundle.touch } : { anchors: bundle.anchors, touch: step.mark };
  const to = publish(world, { ...next, byHand: false });
  const does = step.step === 'Publish' ? 'publishes' : 'touches';
  return { name: `leader ${index} ${does} ${next.anchors.join(' and ')}`, to: answered ? to : forgets(to) };
};

const factsOf = (world: World, leader: Leader, secret: Stored, bundle: Bundle, wanted: number[]): RolloverFacts => {
  const forTicks = (what: string): number => leader.watched[what]?.knownFor ?? 0;
  return {
    state: secret.state,
    current: { fingerprint: String(secret.current) },
    next: secret.next === undefined ? undefined : { fingerprint: String(secret.next) },
    hasPrevious: secret.previous.length > 0,
    published: {
      asWanted: wanted.join() === bundle.anchors.join(),
      altered: bundle.byHand,
      unchangedForMs: forTicks('configuration'),
      touch: bundle.touch,
    },
    replicas: world.replicas.flatMap(({ name, report }) => {
      const served = leader.watched[name]?.value;
      return report === undefined || served === undefined
        ? []
        : [{ name, live: true, seq: report.seq, served, servedForMs: forTicks(name), trustsPublished: true }];
    }),
    refusals: leader.refused ? 1 : 0,
    firstRefusalAgoMs: leader.refused ? forTicks('seq') : 0,
    lastRefusalAgoMs: leader.refusedAgo,
    inPhaseForMs: forTicks('seq'),
  };
};
