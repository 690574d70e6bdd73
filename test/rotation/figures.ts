/** What a run counts, and what of it must not be. */

export interface Failure {
  /** Milliseconds since the start of the run. */
  at: number;
  what: string;
}

/** A client did not trust what a replica showed it. */
export interface Refusal {
  replica: string;
  injector: string;
  /** By `performance.now()`. */
  at: number;
  what: string;
}

export class Figures {
  readonly #onViolation: (text: string) => void;
  readonly #onNote: (text: string) => void;
  #started = performance.now();
  /** Pods that were created with their sidecar. */
  pods = 0;
  /** When each call began that has no answer yet, by `performance.now()`. */
  readonly underWay = new Set<{ begun: number }>();
  /** Renewals and rollovers that came to their end, a good one or not. */
  deeds = 0;
  renewals = 0;
  rollovers = 0;
  restarts = 0;
  kills = 0;
  /** Calls that were with a process when it was killed: no program can save them. */
  lostWithTheProcess = 0;
  /** Pods that failed, or went without sidecar, while somebody had spoilt what leads to the operator. */
  spoilt = 0;
  /** Handshakes that were refused, as they came: `judgeRefusals` sorts them. */
  readonly refusals: Refusal[] = [];
  refusedCanaries = 0;
  /** The slowest replica to serve a new certificate, in milliseconds from when it was stored. */
  slowestFollowerMs = 0;
  slowestRenewalMs = 0;
  slowestRolloverMs = 0;
  slowestPodMs = 0;
  /** The operators' own words about errors, each once, with how often. */
  readonly complaints = new Map<string, number>();
  readonly violations: { kind: Violation; failures: Failure[] }[] = [
    { kind: 'failed creates', failures: [] },
    { kind: 'pods without sidecar', failures: [] },
    { kind: 'refused handshakes', failures: [] },
    { kind: 'broken promises', failures: [] },
  ];

  /**
   * @param onViolation is told of each one as it comes
   * @param onNote is told of everything that may explain one
   */
  constructor(onViolation: (text: string) => void = () => undefined, onNote: (text: string) => void = () => undefined) {
    this.#onViolation = onViolation;
    this.#onNote = onNote;
  }

  get elapsedMs(): number {
    return performance.now() - this.#started;
  }

  /** The run begins now. */
  start(): void {
    this.#started = performance.now();
  }

  /** @param moment by `performance.now()` */
  violate(kind: Violation, what: string, moment = performance.now()): void {
    const failure = { at: moment - this.#started, what };
    this.#onViolation(`${(failure.at / 1000).toFixed(1)} s: ${kind}: ${what}`);
    this.note(`${kind}: ${what}`, moment);
    this.violations.find((each) => each.kind === kind)?.failures.push(failure);
  }

  /** Nothing bad: what was done or said. */
  note(text: string, moment = performance.now()): void {
    this.#onNote(`${((moment - this.#started) / 1000).toFixed(3)} ${text}`);
  }

  complain(text: string): void {
    this.complaints.set(text, (this.complaints.get(text) ?? 0) + 1);
  }

  /** A canary may be refused: that is what it is for. Every other refusal is a violation. */
  judgeRefusals(wasCanary: (replica: string, injector: string, at: number) => boolean): void {
    for (const { replica, injector, at, what } of this.refusals.splice(0)) {
      if (wasCanary(replica, injector, at)) this.refusedCanaries += 1;
      else this.violate('refused handshakes', what, at);
    }
  }

  get count(): number {
    return this.countOf(this.violations.map(({ kind }) => kind));
  }

  countOf(kinds: readonly Violation[]): number {
    return this.violations.reduce((sum, { kind, failures }) => sum + (kinds.includes(kind) ? failures.length : 0), 0);
  }

  /** How far the run is, in a line. */
  progress(): string {
    const { elapsedMs, pods, renewals, rollovers, restarts, kills, count } = this;
    const deeds = `${renewals} renewals, ${rollovers} rollovers, ${restarts} restarts, ${kills} kills`;
    const bad = `${count} violations, ${this.refusals.length} refused handshakes`;
    return `${(elapsedMs / 1000).toFixed(0)} s: ${pods} pods, ${deeds}, ${bad}`;
  }

  /** A table, and below it the first failures of each kind. */
  text(): string {
    const seconds = this.elapsedMs / 1000;
    const rows: [string, string | number][] = [
      ['seconds', seconds.toFixed(1)],
      ['pods created', this.pods],
      ['pods per second', (this.pods / seconds).toFixed(0)],
      ['slowest pod, ms', this.slowestPodMs.toFixed(0)],
      ['leaf renewals', this.renewals],
      ['slowest renewal, ms', this.slowestRenewalMs.toFixed(0)],
      ['rollovers of the authority', this.rollovers],
      ['slowest rollover, ms', this.slowestRolloverMs.toFixed(0)],
      ['slowest follower, ms', this.slowestFollowerMs.toFixed(0)],
      ['rolling restarts', this.restarts],
      ['leaders killed', this.kills],
      ['calls lost with a killed process', this.lostWithTheProcess],
      ['pods spoilt by hand', this.spoilt],
      ['handshakes refused to a canary', this.refusedCanaries],
      ...this.violations.map(({ kind, failures }): [string, number] => [kind, failures.length]),
    ];
    const width = Math.max(...rows.map(([name]) => name.length));
    const lines = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
    for (const { kind, failures } of this.violations) {
      for (const { at, what } of failures.slice(0, 8)) lines.push(`  ${kind}, ${(at / 1000).toFixed(2)} s: ${what}`);
    }
    for (const [text, times] of this.complaints) lines.push(`  an operator said ${times} times: ${text}`);
    return lines.join('\n');
  }
}

export type Violation = 'failed creates' | 'pods without sidecar' | 'refused handshakes' | 'broken promises';
