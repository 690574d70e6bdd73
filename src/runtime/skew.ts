/** How far the clock of the API servers is ahead of ours, by the Date header of their answers (RFC 9110, 6.6.1). */
import { systemClock, type Clock } from './clock.ts';

/** An answer that took longer says too little. */
const LONGEST_MS = 5000;
/** The median of so many: one slow answer, or one API server of several, does not decide. */
const SAMPLES = 9;
/** The header leaves out the fraction of the second: half of one on average. */
const HALF_SECOND_MS = 500;
/** Less than this our own clock knows better than a header of whole seconds. */
const AGREES_MS = 30_000;
/** And so much closer the two must come again, or the time would go to and fro where they differ by just about that. */
const CLOSER_MS = 5000;

export class ClockSkew {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** The API servers' time when our monotonic clock was 0, which does not change with a wall clock that is set. */
  readonly #samples: number[] = [];
  #next = 0;
  #start: number | undefined;
  #goesByServers = false;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'> = systemClock) {
    this.#clock = clock;
  }

  /**
   * Takes note of an answer.
   *
   * @param header the Date header
   * @param sent when the request went out, by our monotonic clock in milliseconds
   * @param received when the answer began
   */
  note(header: string | undefined, sent: number, received: number): void {
    const date = header === undefined ? NaN : Date.parse(header);
    const took = received - sent;
    if (Number.isNaN(date) || took < 0 || took > LONGEST_MS) return;
    this.#samples[this.#next] = date + HALF_SECOND_MS - (sent + received) / 2;
    this.#next = (this.#next + 1) % SAMPLES;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    this.#start = sorted[Math.floor(sorted.length / 2)];
  }

  /** In milliseconds, to about a second; 0 while nothing is known. Negative: the API servers are behind. */
  get ms(): number {
    return this.#start === undefined ? 0 : this.#start + this.#clock.monotonic() - this.#clock.now();
  }

  /**
   * Milliseconds since the epoch by our clock, or, where that is far off, by the API servers' own: it is they who verify
   * certificates and say when an object was made.
   */
  now(): number {
    const skew = this.ms;
    this.#goesByServers = Math.abs(skew) > AGREES_MS - (this.#goesByServers ? CLOSER_MS : 0);
    return this.#clock.now() + (this.#goesByServers ? skew : 0);
  }
}
