/**
 * A change of trust anchors without a failed call, as a state machine (DESIGN 3, reference/certs.md 3.3): new trust is published
 * and has settled before anything is served that only it verifies, and old trust goes after nothing serves what only it verified.
 *
 * Barriers are times that this process has watched something stay as it is, measured by a clock that never jumps. What is
 * stored is the phase alone, so that neither two clocks nor two leaders can make a barrier shorter; a new leader waits once more.
 */

/** What the Secret says. Every write of it counts `seq` up, by which replicas tell how far they have followed. */
export interface RolloverState {
  phase: StoredPhase;
  seq: number;
  /** The replica that serves the next certificate while all others still serve the current one. */
  canary?: string | undefined;
  /** Canaries that came to nothing. */
  reverts: number;
}

/**
 * Stable: one certificate. Staged: the next one is stored, nobody serves it. Canary: one replica serves it. Promoted: it is the
 * current one, what it replaced is still trusted. Narrowing: that is no longer trusted.
 */
export const STORED_PHASES = ['Stable', 'Staged', 'Canary', 'Promoted', 'Narrowing'] as const;
export type StoredPhase = (typeof STORED_PHASES)[number];

/** Where a rollover is, for people. */
export type Phase = 'Stable' | 'Widening' | 'Settling' | 'Canary' | 'Draining' | 'Narrowing';

export interface RolloverTiming {
  /** Between two writes of one configuration: a defect of API servers loses the second of two quick ones (1.4). */
  spacingMs: number;
  /** How long new trust is published before one replica relies on it. */
  settleMs: number;
  /** The same where the current certificate is refused anyway: longer than API servers ever took, as measured. */
  emergencySettleMs: number;
  /** How long one replica alone serves the next certificate. */
  canaryMs: number;
  /** How long a replica that was told to be the canary may take to become it. */
  canaryPatienceMs: number;
  /** The pause after too many canaries came to nothing; and so long refusals keep old trust that nobody relies on. */
  degradedMs: number;
  /** When the current certificate has no longer than this, refusals no longer hold the next one up. */
  lastCallMs: number;
  /** At least so long old trust stays after the promotion. */
  drainMs: number;
  /** So long every replica has to be seen serving the current certificate. */
  steadyMs: number;
  /** Refusals that last longer than this are cured by a touch of the configuration. */
  touchAfterMs: number;
  /** How soon to look again where no time is known. */
  lookAgainMs: number;
}

/** Every time of the protocol in life (reference/certs.md 3.3). */
export const ROLLOVER_TIMING: RolloverTiming = {
  spacingMs: 5000,
  settleMs: 60_000,
  emergencySettleMs: 2000,
  canaryMs: 15_000,
  canaryPatienceMs: 60_000,
  degradedMs: 3_600_000,
  lastCallMs: 600_000,
  drainMs: 120_000,
  steadyMs: 10_000,
  touchAfterMs: 10_000,
  lookAgainMs: 1000,
};

/** The same protocol `pace` times as fast, for tests and demonstrations. */
export function pacedTiming(pace: number): RolloverTiming {
  const { spacingMs, settleMs, emergencySettleMs, canaryMs, canaryPatienceMs } = ROLLOVER_TIMING;
  const { degradedMs, lastCallMs, drainMs, steadyMs, touchAfterMs, lookAgainMs } = ROLLOVER_TIMING;
  return {
    spacingMs: spacingMs / pace,
    settleMs: settleMs / pace,
    emergencySettleMs: emergencySettleMs / pace,
    canaryMs: canaryMs / pace,
    canaryPatienceMs: canaryPatienceMs / pace,
    degradedMs: degradedMs / pace,
    lastCallMs: lastCallMs / pace,
    drainMs: drainMs / pace,
    steadyMs: steadyMs / pace,
    touchAfterMs: touchAfterMs / pace,
    lookAgainMs: Math.max(20, lookAgainMs / pace),
  };
}

/**
 * So long a replica that does not serve yet keeps API servers from being told of a new injector. Not paced: it is about how
 * fast watches are, which no test makes faster.
 */
export const FIRST_CALL_PATIENCE_MS = 5000;

export interface ReplicaFacts {
  name: string;
  /** It shows signs of life: it reports or answers handshakes. */
  live: boolean;
  /** The `seq` that it has acted on. */
  seq: number;
  /** SHA-256 of the leaf that it serves: by a handshake where one came about, else by its own report. */
  served: string | undefined;
  /** How long it has been seen serving that. */
  servedForMs: number;
  /** It has read the caBundle that is published. */
  trustsPublished: boolean;
}

export interface RolloverFacts {
  state: RolloverState;
  /** `failure`: why no client takes it now; `leftMs`: how long clients take it yet. */
  current: { fingerprint: string; failure?: string | undefined; leftMs?: number } | undefined;
  next: { fingerprint: string; failure?: string | undefined } | undefined;
  /** There is trust of what was served before. */
  hasPrevious: boolean;
  published: {
    /** It is exactly what follows from the Secret. */
    asWanted: boolean;
    /** It is not, and the last one who wrote it was not the operator. */
    altered: boolean;
    /** How long this process has seen the configuration in this version. */
    unchangedForMs: number;
    /** The mark of the last touch. */
    touch: string | undefined;
  };
  replicas: readonly ReplicaFacts[];
  /** Handshakes that API servers refused since this process saw this `seq` first (alert 42). */
  refusals: number;
  /** Who refused last, as far as is known: anybody who reaches the port can say that he does not trust us. */
  refusedBy?: string | undefined;
  /** Since the last of them. */
  lastRefusalAgoMs: number;
  /** Since the first of them. */
  firstRefusalAgoMs: number;
  /** How long this process has seen this `seq`. */
  inPhaseForMs: number;
}

/** What becomes of the certificates in the Secret, in the same write as the phase. */
export type Move = 'Keep' | 'Promote' | 'DropNext' | 'DropPrevious';

export type RolloverStep =
  | { step: 'None' }
  | { step: 'Publish' }
  | { step: 'Touch'; mark: string }
  | { step: 'Store'; state: RolloverState; move: Move; why: string }
  | { step: 'Wait'; reason: string; forMs?: number };

/**
 * The mark of a configuration that was put right in a hurry, right after somebody else's write. An API server may have missed
 * the second of the two (1.4): it is touched again as soon as that is safe, whatever the phase.
 */
export const HURRIED = 'hurried';

/** After so many canaries that came to nothing the old certificate stays, and people are told. */
export const MOST_REVERTS = 3;

export const STABLE: RolloverState = { phase: 'Stable', seq: 0, reverts: 0 };

/** Is old trust part of what is published in this phase? */
export function trustsPrevious(phase: StoredPhase): boolean {
  return phase !== 'Narrowing' && phase !== 'Stable';
}

/** Which certificate of the Secret a replica is to serve. */
export function sideToServe(state: RolloverState, replica: string): 'Current' | 'Next' {
  return state.phase === 'Canary' && state.canary === replica ? 'Next' : 'Current';
}

/** Where the rollover is, in the words of the protocol. */
export function phaseOf(facts: Pick<RolloverFacts, 'state' | 'published'>): Phase {
  const { phase } = facts.state;
  if (phase === 'Staged') return facts.published.asWanted ? 'Settling' : 'Widening';
  return phase === 'Promoted' ? 'Draining' : phase;
}

/** Nobody takes what is served: then there is nothing to lose, and waits are cut. */
function isEmergency({ current }: RolloverFacts): boolean {
  return current === undefined || current.failure !== undefined;
}

/**
 * The current certificate is about to end. Whoever refuses the next one now will be left without either in a moment: so
 * refusals, which anybody in the network can make up, cannot turn a rollover into an outage.
 */
function isLastCall({ current }: RolloverFacts, timing: RolloverTiming): boolean {
  return (current?.leftMs ?? Infinity) < timing.lastCallMs;
}

/** The one next write of a rollover, or what it waits for. Pure; may be asked at any time, by any leader, again and again. */
export function nextRolloverStep(facts: RolloverFacts, timing: RolloverTiming): RolloverStep {
  const { published, state } = facts;
  if (!published.asWanted) {
    // What somebody else wrote is put right at once: nothing can be lost that is not lost already.
    return published.altered ? { step: 'Publish' } : after(timing.spacingMs - published.unchangedForMs, 'Publish');
  }
  if (published.touch === HURRIED) return touch(facts, timing, String(state.seq));
  switch (state.phase) {
    case 'Staged':
      return fromStaged(facts, timing);
    case 'Canary':
      return fromCanary(facts, timing);
    case 'Promoted':
      return fromPromoted(facts, timing);
    case 'Narrowing':
      return store(facts, 'Stable', 'DropPrevious', 'old trust is gone');
    case 'Stable':
    default:
      return fromStable(facts);
  }
}

/** Replicas are asked in this phase only while API servers do not call yet: the first call must find all of them serving. */
function fromStable({ state, current, replicas, inPhaseForMs }: RolloverFacts): RolloverStep {
  const behind = replicas.find(
    (replica) => replica.live && (replica.seq < state.seq || replica.served !== current?.fingerprint),
  );
  return behind === undefined || inPhaseForMs >= FIRST_CALL_PATIENCE_MS
    ? { step: 'None' }
    : wait(`${behind.name} does not serve the first certificate yet`);
}

function after(forMs: number, step: 'Publish'): RolloverStep {
  return forMs > 0 ? wait('two writes of one configuration are kept apart', forMs) : { step };
}

/** Without a time: until somebody else has done something. */
function wait(reason: string, forMs?: number): RolloverStep {
  return { step: 'Wait', reason, ...(forMs !== undefined && { forMs: Math.max(1, forMs) }) };
}

function store(
  { state }: RolloverFacts,
  phase: StoredPhase,
  move: Move,
  why: string,
  more: Partial<RolloverState> = {},
): RolloverStep {
  const reverts = phase === 'Staged' || phase === 'Canary' ? state.reverts : 0;
  return { step: 'Store', move, why, state: { phase, seq: state.seq + 1, reverts, canary: undefined, ...more } };
}

function fromStaged(facts: RolloverFacts, timing: RolloverTiming): RolloverStep {
  const { state, next, published, replicas } = facts;
  if (next === undefined || next.failure !== undefined) {
    const still = replicas.find(
      (replica) => replica.live && (replica.seq < state.seq || replica.served === next?.fingerprint),
    );
    if (still !== undefined) return wait(`${still.name} may still serve the certificate that is given up`);
    return store(
      facts,
      facts.hasPrevious ? 'Promoted' : 'Stable',
      'DropNext',
      `the next certificate ${next?.failure ?? 'is gone'}`,
    );
  }
  const mark = String(state.seq);
  const emergency = isEmergency(facts);
  if (!emergency && state.reverts > 0 && published.touch !== mark) return touch(facts, timing, mark);
  const settle = emergency ? timing.emergencySettleMs : timing.settleMs;
  const degraded = state.reverts >= MOST_REVERTS && !emergency && !isLastCall(facts, timing);
  const pause = degraded ? timing.degradedMs : 0;
  const left = settle + pause - published.unchangedForMs;
  if (left > 0) return wait('new trust reaches every API server', left);
  if (emergency) return store(facts, 'Promoted', 'Promote', 'the current certificate is refused anyway');
  const behind = blindReplica(replicas);
  if (behind !== undefined) return wait(`${behind.name} has not seen the new trust yet`);
  const canary = chooseCanary(facts);
  return canary === undefined
    ? wait('no replica reports what it serves')
    : store(facts, 'Canary', 'Keep', `${canary} serves the next certificate first`, { canary });
}

/** The touch of a configuration makes API servers read it anew, whatever they hold. */
function touch({ published }: RolloverFacts, timing: RolloverTiming, mark: string): RolloverStep {
  const left = timing.spacingMs - published.unchangedForMs;
  return left > 0 ? wait('two writes of one configuration are kept apart', left) : { step: 'Touch', mark };
}

function blindReplica(replicas: readonly ReplicaFacts[]): ReplicaFacts | undefined {
  return replicas.find(({ live, trustsPublished }) => live && !trustsPublished);
}

/** Another one after each that came to nothing. */
function chooseCanary({ replicas, state }: RolloverFacts): string | undefined {
  const names = replicas.flatMap(({ live, name }) => (live ? [name] : [])).toSorted();
  return names[state.reverts % names.length];
}

function fromCanary(facts: RolloverFacts, timing: RolloverTiming): RolloverStep {
  const { state, next, published, replicas, refusals, inPhaseForMs } = facts;
  const back = (why: string): RolloverStep => store(facts, 'Staged', 'Keep', why, { reverts: state.reverts + 1 });
  if (next === undefined || next.failure !== undefined)
    return store(facts, 'Staged', 'Keep', 'the next certificate is no good');
  if (isEmergency(facts)) {
    const left = timing.emergencySettleMs - published.unchangedForMs;
    if (left > 0) return wait('new trust reaches every API server', left);
    return store(facts, 'Promoted', 'Promote', 'the current certificate is refused anyway');
  }
  if (refusals > 0 && !isLastCall(facts, timing)) {
    return back(`${facts.refusedBy ?? 'somebody'} refused it, ${refusals} handshakes in all`);
  }
  const canary = replicas.find(({ live, name }) => live && name === state.canary);
  if (canary === undefined) return store(facts, 'Staged', 'Keep', `the canary ${state.canary} is gone`);
  if (canary.seq < state.seq || canary.served !== next.fingerprint) {
    const left = timing.canaryPatienceMs - inPhaseForMs;
    return left > 0
      ? wait(`${canary.name} is about to serve the next certificate`)
      : back(`${canary.name} never served it`);
  }
  const left = Math.max(timing.canaryMs - canary.servedForMs, timing.settleMs - published.unchangedForMs);
  if (left > 0) return wait(`${canary.name} proves the next certificate`, left);
  const behind = blindReplica(replicas);
  if (behind !== undefined) return wait(`${behind.name} has not seen the new trust yet`);
  return store(facts, 'Promoted', 'Promote', 'the next certificate is proven');
}

function fromPromoted(facts: RolloverFacts, timing: RolloverTiming): RolloverStep {
  const { state, current, published, replicas, refusals, inPhaseForMs } = facts;
  if (refusals > 0 && facts.lastRefusalAgoMs < timing.touchAfterMs) {
    // Each touch is given twice the time of the one before.
    const [seq, count] = published.touch?.split('.') ?? [];
    const touches = seq === String(state.seq) ? Number(count) || 0 : 0;
    if (facts.firstRefusalAgoMs >= timing.touchAfterMs * 2 ** touches) {
      return touch(facts, timing, `${state.seq}.${touches + 1}`);
    }
  }
  const behind = replicas.find(
    (replica) => replica.live && (replica.seq < state.seq || replica.served !== current?.fingerprint),
  );
  if (behind !== undefined) return wait(`${behind.name} does not serve the new certificate yet`);
  const steadyFor = Math.min(...replicas.map(({ live, servedForMs }) => (live ? servedForMs : Infinity)));
  // Nobody serves anything that only old trust verifies: in the end whoever goes on refusing is not helped by it.
  const quietFor = refusals > 0 && inPhaseForMs < timing.degradedMs ? facts.lastRefusalAgoMs : Infinity;
  const left = Math.max(timing.drainMs - inPhaseForMs, timing.steadyMs - steadyFor, timing.steadyMs - quietFor);
  return left > 0
    ? wait('old trust stays until nothing relies on it', left)
    : store(facts, 'Narrowing', 'Keep', 'every replica serves the new certificate');
}
