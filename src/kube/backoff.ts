/** How long to wait after the n-th failure in a row: exponential with full jitter, so that replicas do not march in step. */

export interface BackoffLimits {
  /** The upper bound after the first failure, in milliseconds. */
  baseMs: number;
  /** The upper bound that is never passed, in milliseconds. */
  maxMs: number;
}

export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: () => number;
  #failures = 0;

  constructor(limits: BackoffLimits, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and gives the milliseconds to wait, evenly spread between 0 and the bound. */
  next(): number {
    const bound = Math.min(this.#limits.maxMs, this.#limits.baseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    return this.#random() * bound;
  }

  reset(): void {
    this.#failures = 0;
  }
}
