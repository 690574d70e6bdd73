/**
 * A model of everything around a rollover: one Secret and one configuration with compare-and-swap, two leaders that read and write
 * whenever they like, replicas that follow late, API servers that may hold any bundle that was published within their lag.
 * It knows the rules that must hold (reference/certs.md 3.3 I1..I8) and says which one broke.
 */
import {
  nextRolloverStep,
  sideToServe,
  STABLE,
  trustsPrevious,
  type RolloverFacts,
  type RolloverState,
  type RolloverTiming,
} from '../../src/domain/rollover.ts';
import type { Stored } from '../model/state.ts';
import { moved } from '../model/writes.ts';

interface Published {
  version: number;
  anchors: readonly number[];
  touch: string | undefined;
  at: number;
  byHand: boolean;
}

interface Replica {
  name: string;
  /** How many versions of the Secret it has read. */
  read: number;
  serves: number;
  /** What the leaders know. */
  report: { seq: number; served: number; at: number };
}

interface Leader {
  /** Its clock has jumped: it takes what is good for expired. */
  jumped: boolean;
  configuration: Published | undefined;
  secret: { version: number; content: Stored } | undefined;
  readAt: number;
  seen: Map<string, number>;
}

/** Parts of the protocol that a test leaves out, to see that it is missed. */
export interface Sabotage {
  timing?: Partial<RolloverTiming>;
  facts?: (facts: RolloverFacts) => RolloverFacts;
  /** Old trust goes with the promotion. */
  narrowAtOnce?: boolean;
  /** The configuration is written whatever its version. */
  noPrecondition?: boolean;
  /** The Secret is written whatever its version. */
  noCompareAndSwap?: boolean;
  /** The configuration is read after the Secret. */
  readSecretFirst?: boolean;
}

export type Outcome = 'ok' | 'lost' | 'unanswered';

/** Reports reach the leaders within this time. */
const REPORT_LAG_MS = 30_000;

export class RolloverWorld {
  readonly broken: string[] = [];
  now = 1_000_000;
  promotions = 0;
  /** One of the API servers misses the next write (1.4, the defect), and holds this version until the write after that. */
  #stuckAt: number | undefined;
  #missesNext = false;
  readonly #timing: RolloverTiming;
  readonly #sabotage: Sabotage;
  readonly #lag: number;
  readonly #secrets: Stored[] = [{ state: STABLE, current: 0, next: undefined, previous: [] }];
  readonly #published: Published[] = [{ version: 0, anchors: [0], touch: undefined, at: 0, byHand: false }];
  readonly #replicas: Replica[];
  readonly #leaders: Leader[] = [0, 1].map(() => newLeader());
  readonly #spoilt = new Set<number>();
  readonly #refusals: { at: number; leaf: number }[] = [];
  #anchors = 1;
  #replicaNames = 0;

  constructor(timing: RolloverTiming, lag: number, replicas: number, sabotage: Sabotage = {}) {
    this.#timing = { ...timing, ...sabotage.timing };
    this.#sabotage = sabotage;
    this.#lag = lag;
    this.#replicas = Array.from({ length: replicas }, () => this.#newReplica());
  }

  get secret(): Stored {
    return last(this.#secrets);
  }

  get published(): Published {
    return last(this.#published);
  }

  get settled(): boolean {
    const { state, current, next, previous } = this.secret;
    const serving = this.#replicas.every(({ serves }) => serves === current);
    return (
      state.phase === 'Stable' && next === undefined && previous.length === 0 && serving && this.#isWanted(this.secret)
    );
  }

  #newReplica(): Replica {
    const { state, current } = this.secret;
    // It reads the Secret before it is ready; the leaders hear of it late.
    const report = { seq: -1, served: -1, at: this.now };
    this.#replicaNames += 1;
    const name = `r${this.#replicaNames}`;
    return {
      name,
      read: this.#secrets.length,
      serves: current,
      report: this.now === 1_000_000 ? { ...report, seq: state.seq, served: current } : report,
    };
  }

  /** Time goes by, in steps short enough to see what happens between. */
  tick(ms: number): void {
    this.now += ms;
    for (const replica of this.#replicas) if (this.now - replica.report.at >= REPORT_LAG_MS) this.#report(replica);
    this.#check();
  }

  jumpClock(leader: number): void {
    this.#leader(leader).jumped = !this.#leader(leader).jumped;
  }

  crash(leader: number): void {
    this.#leaders[leader] = newLeader();
  }

  /** The configuration first: whoever wrote it after that makes our write fail. */
  read(leader: number, half: 'first' | 'second'): void {
    const one = this.#leader(leader);
    if ((half === 'first') !== (this.#sabotage.readSecretFirst ?? false)) {
      one.configuration = this.published;
      if (half === 'first') one.secret = undefined;
    } else {
      one.secret = { version: this.#secrets.length, content: this.secret };
      if (half === 'first') one.configuration = undefined;
    }
    one.readAt = this.now;
    const { configuration, secret } = one;
    this.#watch(one, `configuration ${configuration?.version}`);
    this.#watch(one, `seq ${secret?.content.state.seq}`);
    for (const { name, report } of this.#replicas) this.#watch(one, `served ${name} ${report.served}`);
  }

  /** Asks for a certificate under a new authority. */
  rotate(leader: number, outcome: Outcome): void {
    const { secret } = this.#leader(leader);
    if (secret === undefined || secret.content.next !== undefined) return;
    const { content } = secret;
    // Old trust that is on its way out does not come back.
    const previous = content.state.phase === 'Narrowing' ? [] : content.previous;
    const state: RolloverState = { phase: 'Staged', seq: content.state.seq + 1, reverts: 0 };
    this.#writeSecret(leader, { ...content, next: this.#anchors, previous, state }, outcome);
    this.#anchors += 1;
  }

  spoilNext(): void {
    if (this.secret.next !== undefined) this.#spoilt.add(this.secret.next);
  }

  editByHand(): void {
    const { version } = this.published;
    this.#published.push({ version: version + 1, anchors: [99], touch: undefined, at: this.now, byHand: true });
  }

  act(leader: number, outcome: Outcome): void {
    const one = this.#leader(leader);
    const { secret, configuration } = one;
    if (secret === undefined || configuration === undefined) return;
    const facts = this.#facts(one, secret.content, configuration);
    const step = nextRolloverStep(this.#sabotage.facts?.(facts) ?? facts, this.#timing);
    if (step.step === 'Store') this.#writeSecret(leader, moved(secret.content, step.state, step.move), outcome);
    if (step.step === 'Publish') this.#publish(leader, this.#wanted(secret.content), configuration.touch, outcome);
    if (step.step === 'Touch') this.#publish(leader, configuration.anchors, step.mark, outcome);
  }

  /** A replica reads the next version of the Secret, or the newest. */
  follow(index: number, newest: boolean): void {
    const replica = this.#replica(index);
    if (replica === undefined) return;
    replica.read = newest ? this.#secrets.length : Math.min(replica.read + 1, this.#secrets.length);
    this.#serve(replica);
    this.#check();
  }

  report(index: number): void {
    const replica = this.#replica(index);
    if (replica !== undefined) this.#report(replica);
  }

  restart(index: number): void {
    if (this.#replicas.length > 0) this.#replicas[index % this.#replicas.length] = this.#newReplica();
    this.#check();
  }

  join(): void {
    if (this.#replicas.length < 4) this.#replicas.push(this.#newReplica());
    this.#check();
  }

  /** An API server misses the next write. */
  missNext(): void {
    this.#missesNext = true;
  }

  /** Everybody does what he should, for as long as it may take. */
  runFairly(limitMs: number): void {
    for (const leader of this.#leaders) leader.jumped = false;
    const end = this.now + limitMs;
    while (this.now < end && !this.settled) {
      for (const index of this.#replicas.keys()) {
        this.follow(index, true);
        this.report(index);
      }
      this.read(0, 'first');
      this.read(0, 'second');
      this.act(0, 'ok');
      this.tick(1000);
    }
  }

  #leader(index: number): Leader {
    return this.#leaders[index] ?? newLeader();
  }

  #replica(index: number): Replica | undefined {
    return this.#replicas[index % this.#replicas.length];
  }

  #watch({ seen }: Leader, what: string): void {
    if (!seen.has(what)) seen.set(what, this.now);
  }

  #serve(replica: Replica): void {
    const stored = this.#secrets[replica.read - 1] ?? this.secret;
    const side = sideToServe(stored.state, replica.name);
    replica.serves = side === 'Next' ? (stored.next ?? stored.current) : stored.current;
  }

  #report(replica: Replica): void {
    const { state } = this.#secrets[replica.read - 1] ?? this.secret;
    replica.report = { seq: state.seq, served: replica.serves, at: this.now };
  }

  #wanted({ state, current, next, previous }: Stored): number[] {
    const keep = this.#sabotage.narrowAtOnce === true ? false : trustsPrevious(state.phase);
    const anchors = [current, ...(next === undefined ? [] : [next]), ...(keep ? previous : [])];
    return [...new Set(anchors)].toSorted((a, b) => a - b);
  }

  #isWanted(stored: Stored): boolean {
    return this.#wanted(stored).join() === this.published.anchors.join();
  }

  #facts(one: Leader, stored: Stored, configuration: Published): RolloverFacts {
    const ago = (what: string): number => one.readAt - (one.seen.get(what) ?? one.readAt);
    const side = (leaf: number, failing: boolean): { fingerprint: string; failure?: string } => ({
      fingerprint: String(leaf),
      ...(failing && { failure: 'expired' }),
    });
    const { next, current, state } = stored;
    const since = one.seen.get(`seq ${state.seq}`) ?? one.readAt;
    const refusals = this.#refusals.filter(({ at }) => at >= since && at <= one.readAt).map(({ at }) => at);
    return {
      state,
      current: side(current, one.jumped),
      next: next === undefined ? undefined : side(next, this.#spoilt.has(next)),
      hasPrevious: stored.previous.length > 0,
      published: {
        asWanted: this.#wanted(stored).join() === configuration.anchors.join(),
        altered: configuration.byHand,
        unchangedForMs: ago(`configuration ${configuration.version}`),
        touch: configuration.touch,
      },
      replicas: this.#replicas
        .filter(({ report }) => report.seq >= 0)
        .map(({ name, report: { seq, served } }) => ({
          name,
          live: true,
          seq,
          served: String(served),
          servedForMs: ago(`served ${name} ${served}`),
          trustsPublished: true,
        })),
      refusals: refusals.length,
      firstRefusalAgoMs: one.readAt - Math.min(...refusals),
      lastRefusalAgoMs: one.readAt - Math.max(...refusals),
      inPhaseForMs: ago(`seq ${state.seq}`),
    };
  }

  #writeSecret(leader: number, content: Stored, outcome: Outcome): void {
    const one = this.#leader(leader);
    const fresh = one.secret?.version === this.#secrets.length || this.#sabotage.noCompareAndSwap === true;
    if (!fresh || outcome === 'lost') {
      one.secret = undefined;
      return;
    }
    if (content.current !== this.secret.current) this.#promoted(content);
    this.#secrets.push(content);
    one.secret = outcome === 'ok' ? { version: this.#secrets.length, content } : undefined;
    this.#check();
  }

  /** What an API server refuses must not become what everybody serves. */
  #promoted({ current }: Stored): void {
    this.promotions += 1;
    const stuck = this.#stuckAt === undefined ? undefined : this.#published[this.#stuckAt];
    if (stuck !== undefined && !stuck.anchors.includes(current)) this.broken.push('a refused certificate was promoted');
  }

  #publish(leader: number, anchors: readonly number[], touch: string | undefined, outcome: Outcome): void {
    const one = this.#leader(leader);
    const { published } = this;
    const fresh = one.configuration?.version === published.version || this.#sabotage.noPrecondition === true;
    if (!fresh || outcome === 'lost') {
      one.configuration = undefined;
      return;
    }
    if (anchors.join() === published.anchors.join() && touch === published.touch)
      this.broken.push('I3: a write that changes nothing');
    if (!published.byHand && this.now - published.at < 5000) this.broken.push('I3: two writes within 5 s');
    if (anchors.length === 0) this.broken.push(`I4: ${anchors.length} anchors`);
    this.#published.push({ version: published.version + 1, anchors, touch, at: this.now, byHand: false });
    this.#stuckAt = this.#missesNext ? this.#published.length - 2 : undefined;
    this.#missesNext = false;
    one.configuration = outcome === 'ok' ? this.published : undefined;
    if (outcome === 'ok') this.#watch(one, `configuration ${this.published.version}`);
    this.#check();
  }

  /** At this moment every certificate that is served must be trusted by every bundle that an API server may hold. */
  #check(): void {
    const held = this.#published.filter((bundle, index) => {
      const until = this.#published[index + 1]?.at ?? Infinity;
      return until >= this.now - this.#lag && !bundle.byHand && index !== this.#stuckAt;
    });
    for (const { serves, name } of this.#replicas) {
      for (const { anchors } of held) {
        if (!anchors.includes(serves))
          this.broken.push(`I1, I2: ${name} serves ${serves}, an API server trusts ${anchors.join()}`);
      }
      const stuck = this.#stuckAt === undefined ? undefined : this.#published[this.#stuckAt];
      if (stuck !== undefined && !stuck.anchors.includes(serves)) this.#refusals.push({ at: this.now, leaf: serves });
    }
  }
}

function newLeader(): Leader {
  return { jumped: false, configuration: undefined, secret: undefined, readAt: 0, seen: new Map() };
}

function last<T>(list: readonly T[]): T {
  const item = list.at(-1);
  if (item === undefined) throw new Error('never empty');
  return item;
}
