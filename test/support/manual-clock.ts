import type { Clock } from '../../src/runtime/clock.ts';

interface Timer {
  instant: number;
  /** By the monotonic clock. */
  due: number;
  call: () => void;
}

/** A clock that stands still until it is moved. Timers fire in order while it moves. */
export class ManualClock implements Clock {
  #now: number;
  #slept = 0;
  #timers: Timer[] = [];

  constructor(start = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#slept;
  }

  at(instant: number, call: () => void): () => void {
    const timer = { instant, due: this.monotonic() + instant - this.#now, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** The machine sleeps: the wall clock is further on when it wakes, the monotonic clock and timers are not. */
  sleep(ms: number): void {
    this.#now += ms;
    this.#slept += ms;
  }

  /** Somebody sets the wall clock, forward or back; the monotonic clock goes on as before. */
  set(byMs: number): void {
    this.sleep(byMs);
  }

  #left({ instant, due }: Timer): number {
    return Math.max(0, Math.min(instant - this.#now, due - this.monotonic()));
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves on by so many milliseconds, and lets each timer's consequences happen before the next fires. */
  async advance(ms: number): Promise<void> {
    await settle();
    let rest = ms;
    for (;;) {
      const next = this.#timers
        .filter((timer) => this.#left(timer) <= rest)
        .sort((a, b) => this.#left(a) - this.#left(b))[0];
      if (!next) break;
      const step = this.#left(next);
      this.#now += step;
      rest -= step;
      this.#timers = this.#timers.filter((other) => other !== next);
      next.call();
      await settle();
    }
    this.#now += rest;
    await settle();
  }
}

/** Lets everything that waits for nothing but its turn happen. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve));
};
