/** How far the clock of the API servers is ahead of ours, by the Date header of their answers (RFC 9110, 6.6.1). */

/** An answer that took longer says too little. */
const LONGEST_MS = 5000;
/** The median of so many: one slow answer, or one API server of several, does not decide. */
const SAMPLES = 9;
/** The header leaves out the fraction of the second: half of one on average. */
const HALF_SECOND_MS = 500;

export class ClockSkew {
  readonly #samples: number[] = [];
  #next = 0;

  /**
   * Takes note of an answer.
   *
   * @param header the Date header
   * @param sent when the request went out, by our clock in milliseconds
   * @param received when the answer began
   */
  note(header: string | undefined, sent: number, received: number): void {
    const date = header === undefined ? NaN : Date.parse(header);
    const took = received - sent;
    if (Number.isNaN(date) || took < 0 || took > LONGEST_MS) return;
    this.#samples[this.#next] = date + HALF_SECOND_MS - (sent + received) / 2;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  /** In milliseconds, to about a second; 0 while nothing is known. Negative: the API servers are behind. */
  get ms(): number {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }
}
