/** How often something may happen: a few times at once, and then one more in each period (a token bucket). */

export interface PaceLimits {
  /** So many at once, after a rest. */
  burst: number;
  /** One more in each period, in milliseconds. */
  everyMs: number;
}

export class Pace {
  readonly #limits: PaceLimits;
  #tokens: number;
  #at = Number.NEGATIVE_INFINITY;

  constructor(limits: PaceLimits) {
    this.#limits = limits;
    this.#tokens = limits.burst;
  }

  /** Milliseconds until it may happen; 0 for now. `now`: monotonic. */
  waitMs(now: number): number {
    const tokens = this.#tokensAt(now);
    return tokens >= 1 ? 0 : (1 - tokens) * this.#limits.everyMs;
  }

  /** It happens. */
  take(now: number): void {
    this.#tokens = this.#tokensAt(now) - 1;
    this.#at = now;
  }

  #tokensAt(now: number): number {
    const { burst, everyMs } = this.#limits;
    return this.#at === Number.NEGATIVE_INFINITY ? burst : Math.min(burst, this.#tokens + (now - this.#at) / everyMs);
  }
}
