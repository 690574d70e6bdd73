/**
 * The steps of the protocol (reference/certs.md 3.3), each with a way to leave it out or to swap it: the guard of the rotation
 * test itself. A switch changes the text of one rule of the operator as it is loaded; the product knows nothing of it.
 */
import type { Violation } from '../figures.ts';

export interface Patch {
  /** Below the repository's root. */
  file: string;
  /** What is written there, exactly once. */
  find: string;
  replace: string;
}

export interface Switch {
  name: string;
  /** What the protocol says, and what becomes of it. */
  breaks: string;
  patches: readonly Patch[];
  scene: SceneName;
  /** One of these has to be reported; without the switch none of them is. */
  noticedBy: readonly Violation[];
}

export interface Scene {
  configurationLagMs: number;
  watchLagMs: number;
  /** How many times as fast as in life. */
  pace: number;
  replicas?: number;
  configurationRaceMs?: number;
  edits?: boolean;
  /** Also where no step is left out. */
  patches?: readonly Patch[];
}

const ROLLOVER = 'src/domain/rollover.ts';
const PLAN = 'src/domain/plan.ts';
const SERVING = 'src/controllers/serving/serving.ts';
const CALLS: readonly Violation[] = ['failed creates', 'refused handshakes'];

const CANARY: readonly Patch[] = [
  { file: ROLLOVER, find: 'canaryMs: canaryMs / pace,', replace: 'canaryMs: 1500,' },
  { file: ROLLOVER, find: 'degradedMs: degradedMs / pace,', replace: 'degradedMs: 1000,' },
];

/**
 * How late everything is, in milliseconds. At a pace of 100 new trust settles for 600 ms, a canary serves for 150 ms and old
 * trust stays for 1.2 s; at 50 for twice that.
 */
export const SCENES = {
  /** The second API server is late, and so are the replicas that follow it, but not later than the protocol waits. */
  late: { configurationLagMs: 350, watchLagMs: 3500, pace: 100 },
  /** The second API server needs most of the time in which new trust settles; what replicas see tells nothing of it. */
  settling: { configurationLagMs: 1000, watchLagMs: 20, pace: 50 },
  /**
   * It needs longer: then the canary is refused, and nobody but the canary. (That must last long enough to be called even where
   * the machine is busy, and the pause after too many reverts must not last as long as it should.)
   */
  slow: { configurationLagMs: 8000, watchLagMs: 20, pace: 100, replicas: 2, patches: CANARY },
  /** It is far behind with all that it knows, and so is the replica that follows it. */
  behind: { configurationLagMs: 1800, watchLagMs: 2500, pace: 100 },
  /** It misses the second of two quick writes, as the real one may, and a wish for a new authority comes with another change. */
  race: {
    configurationLagMs: 20,
    watchLagMs: 20,
    pace: 100,
    configurationRaceMs: 2500,
    edits: true,
    patches: [{ file: ROLLOVER, find: 'spacingMs: spacingMs / pace,', replace: 'spacingMs: 2600,' }],
  },
} satisfies Record<string, Scene>;
export type SceneName = keyof typeof SCENES;

/** All that is patched for a scene, and for a switch where one is named. Throws for names that are not known. */
export const patchesOf = (scene: string | null, name: string | null): readonly Patch[] => {
  const scenes: Readonly<Record<string, Scene>> = SCENES;
  const found = scenes[scene ?? ''];
  const step = SWITCHES.find((each) => each.name === name);
  if (found === undefined || (name !== null && step === undefined))
    throw new Error(`no scene ${scene} or switch ${name}`);
  return [...(found.patches ?? []), ...(step?.patches ?? [])];
};

/** What the operator's log says when all patches are in. */
export const SWITCHED = 'the protocol is not as it should be';

export const SWITCHES: readonly Switch[] = [
  {
    name: 'replace-trust',
    breaks: 'Widen: the new anchors replace the old ones instead of standing beside them',
    patches: [
      {
        file: PLAN,
        find: 'trustedAnchors([identity?.anchors ?? [], next?.anchors ?? [], facts.otherAnchors])',
        replace: 'trustedAnchors([next?.anchors ?? identity?.anchors ?? []])',
      },
    ],
    scene: 'late',
    noticedBy: CALLS,
  },
  {
    name: 'never-widen',
    breaks: 'Widen: left out. No replica serves what is not trusted, so nothing fails, but the rollover never ends',
    patches: [
      {
        file: PLAN,
        find: 'trustedAnchors([identity?.anchors ?? [], next?.anchors ?? [], facts.otherAnchors])',
        replace: 'trustedAnchors([identity?.anchors ?? next?.anchors ?? [], facts.otherAnchors])',
      },
    ],
    scene: 'late',
    noticedBy: ['broken promises'],
  },
  {
    name: 'serve-before-trust',
    breaks: 'Stage: what other authorities signed is served at once, and trusted as soon as that is known',
    patches: [
      {
        file: 'src/controllers/injector/issue.ts',
        find: 'const staged = working && !sameAnchors(issued.anchors, state.anchors);',
        replace: 'const staged = working && !sameAnchors(state.anchors, state.anchors);',
      },
      {
        // Or the leader takes it for an older Secret that was put back, and undoes it.
        file: 'src/controllers/injector/put-back.ts',
        find: '!knows(state, served.state) &&',
        replace: '!knows({ ...state, previousAnchors: served.state.anchors }, served.state) &&',
      },
    ],
    scene: 'settling',
    noticedBy: CALLS,
  },
  {
    name: 'widen-while-serving',
    breaks: 'Widen, then serve: both at the same moment',
    patches: [
      {
        file: ROLLOVER,
        find: 'if (!published.asWanted) {',
        replace: "if (!published.asWanted && state.phase !== 'Staged') {",
      },
    ],
    scene: 'settling',
    noticedBy: CALLS,
  },
  {
    name: 'no-settling',
    breaks: 'Settle: the canary serves as soon as the new trust is written',
    patches: [{ file: ROLLOVER, find: 'settleMs: settleMs / pace,', replace: 'settleMs: 0,' }],
    scene: 'settling',
    noticedBy: CALLS,
  },
  {
    name: 'blind-replicas',
    breaks: 'Settle: a replica that has not seen the new trust yet is not waited for',
    patches: [
      {
        file: ROLLOVER,
        find: 'return replicas.find(({ live, trustsPublished }) => live && !trustsPublished);',
        replace: 'return replicas.find(({ live, trustsPublished }) => live && !trustsPublished && live !== true);',
      },
    ],
    scene: 'behind',
    noticedBy: CALLS,
  },
  {
    name: 'quick-writes',
    breaks: 'Widen: right after another write of the configuration, not five seconds later',
    patches: [
      {
        file: ROLLOVER,
        find: "after(timing.spacingMs - published.unchangedForMs, 'Publish')",
        replace: "after(0 * timing.spacingMs, 'Publish')",
      },
    ],
    scene: 'race',
    noticedBy: CALLS,
  },
  {
    name: 'no-canary',
    breaks: 'Canary: every replica goes over at once, so a slow API server is noticed by all of them',
    patches: [
      {
        file: ROLLOVER,
        find: ": store(facts, 'Canary', 'Keep', `${canary} serves the next certificate first`, { canary });",
        replace: ": store(facts, 'Promoted', 'Promote', 'no canary');",
      },
    ],
    scene: 'slow',
    noticedBy: ['refused handshakes'],
  },
  {
    name: 'no-revert',
    breaks: 'Canary: it is refused, and goes on to be promoted',
    patches: [
      {
        file: ROLLOVER,
        find: 'if (refusals > 0 && !isLastCall(facts, timing)) {',
        replace: 'if (refusals < 0) {',
      },
    ],
    scene: 'slow',
    noticedBy: ['refused handshakes'],
  },
  {
    name: 'no-drain',
    breaks: 'Drain: old trust goes right after the promotion',
    patches: [
      {
        file: ROLLOVER,
        find: 'const { state, current, published, replicas, refusals, inPhaseForMs } = facts;',
        replace:
          "if (facts.state.seq > 0) return store(facts, 'Narrowing', 'Keep', 'no drain');\n  const { state, current, published, replicas, refusals, inPhaseForMs } = facts;",
      },
    ],
    scene: 'late',
    noticedBy: CALLS,
  },
  {
    name: 'drain-by-the-clock',
    breaks: 'Drain: old trust goes after its time, whatever replicas still serve',
    patches: [
      {
        file: ROLLOVER,
        find: 'if (behind !== undefined) return wait(`${behind.name} does not serve the new certificate yet`);',
        replace: '',
      },
      {
        file: ROLLOVER,
        find: 'Math.max(timing.drainMs - inPhaseForMs, timing.steadyMs - steadyFor, timing.steadyMs - quietFor)',
        replace: 'timing.drainMs - inPhaseForMs + 0 * steadyFor * quietFor',
      },
    ],
    scene: 'behind',
    noticedBy: CALLS,
  },
  {
    name: 'untrust-before-promotion',
    breaks: 'Promote, then narrow: old trust goes with the canary, before the other replicas went over',
    patches: [
      {
        file: ROLLOVER,
        find: "return phase !== 'Narrowing' && phase !== 'Stable';",
        replace: "return phase === 'Staged' || phase === 'Canary';",
      },
    ],
    scene: 'late',
    noticedBy: CALLS,
  },
  {
    name: 'never-narrow',
    breaks: 'Narrow: left out; nothing fails, but the old authority is trusted for ever',
    patches: [
      {
        file: ROLLOVER,
        find: ": store(facts, 'Narrowing', 'Keep', 'every replica serves the new certificate');",
        replace: ": wait('for ever');",
      },
    ],
    scene: 'late',
    noticedBy: ['broken promises'],
  },
  {
    name: 'publish-early',
    breaks: 'Start: API servers are told of a new injector when the leader serves, not when every replica does',
    patches: [
      {
        file: ROLLOVER,
        find: 'return behind === undefined || inPhaseForMs >= FIRST_CALL_PATIENCE_MS',
        replace: 'return behind === undefined || inPhaseForMs >= 0',
      },
    ],
    scene: 'behind',
    noticedBy: ['failed creates'],
  },
  {
    name: 'never-reload',
    breaks: 'Follow: a replica serves the first certificate that it read until it ends',
    patches: [
      {
        file: SERVING,
        find: 'this.#identities.set(name, chosen);',
        replace: 'if (current === undefined) this.#identities.set(name, chosen);',
      },
    ],
    scene: 'late',
    noticedBy: ['broken promises'],
  },
];
