/**
 * The keys that wait to be worked on. A key stands in the queue once, however often it is added, and is never in two
 * hands at a time: added while it is worked on, it comes again after that. It says nothing of what happened to the object.
 */

import type { Clock } from './clock.ts';

/** Where a queue reports what happens to it. */
export interface QueueObserver {
  depth(queue: string, depth: number): void;
  added(queue: string): void;
  retried(queue: string): void;
  /** How long a key waited until a worker took it. */
  waited(queue: string, seconds: number): void;
}

export interface QueueOptions {
  name: string;
  clock: Clock;
  /** The wait after the first failure in milliseconds; doubles with each. Default 200. */
  baseDelayMs?: number;
  /** The longest wait after failures in milliseconds. Default 60 s. */
  maxDelayMs?: number;
  observer?: QueueObserver;
  /** For tests. Between 0 and 1. */
  random?: () => number;
}

interface Delayed {
  instant: number;
  cancel: () => void;
}

export class WorkQueue {
  readonly name: string;
  readonly #clock: Clock;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #observer: QueueObserver | undefined;
  readonly #random: () => number;
  /** In order; with the instant (monotonic) since which each waits. */
  readonly #ready = new Map<string, number>();
  readonly #working = new Set<string>();
  /** Added while they were worked on. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string) => void)[] = [];

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#baseDelayMs = options.baseDelayMs ?? 200;
    this.#maxDelayMs = options.maxDelayMs ?? 60_000;
    this.#observer = options.observer;
    this.#random = options.random ?? Math.random;
  }

  /** Keys that a worker could take now. */
  get depth(): number {
    return this.#ready.size;
  }

  /** The longest wait after failures, in milliseconds. */
  get maxDelayMs(): number {
    return this.#maxDelayMs;
  }

  /** Work on this key as soon as possible. What was planned for later is done by that. */
  add(key: string): void {
    this.#cancelDelayed(key);
    this.#observer?.added(this.name);
    if (this.#working.has(key)) this.#again.add(key);
    else if (!this.#ready.has(key)) this.#enqueue(key);
  }

  /** Work on this key in `delayMs`, or earlier if that was planned before. */
  addAfter(key: string, delayMs: number): void {
    if (!(delayMs > 0)) {
      this.add(key);
      return;
    }
    if (this.#ready.has(key) || this.#again.has(key)) return;
    const instant = this.#clock.now() + delayMs;
    const planned = this.#delayed.get(key);
    if (planned && planned.instant <= instant) return;
    planned?.cancel();
    const cancel = this.#clock.at(instant, () => this.add(key));
    this.#delayed.set(key, { instant, cancel });
  }

  /** Plans another try after a failure and gives the wait in milliseconds. `atLeastMs`: what a server asked for. */
  retry(key: string, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, Math.min(failures + 1, 30));
    const bound = Math.min(this.#maxDelayMs, this.#baseDelayMs * 2 ** failures);
    // Half of it is certain: a key that fails must not come back at once by chance.
    const delayMs = Math.max(atLeastMs, bound * (0.5 + this.#random() / 2));
    this.#observer?.retried(this.name);
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The key did well: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key; the taker must call `done` with it. Waits for one; rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const [first] = this.#ready.keys();
    if (first !== undefined) return this.#hand(first);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const onAbort = (): void => {
      const position = this.#takers.indexOf(resolve);
      if (position !== -1) this.#takers.splice(position, 1);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#takers.push(resolve);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** The worker has finished with the key. */
  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.#enqueue(key);
  }

  /** Forgets all plans for later. Keys that are ready stay. */
  close(): void {
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
  }

  #enqueue(key: string): void {
    this.#ready.set(key, this.#clock.monotonic());
    const taker = this.#takers.shift();
    if (taker) taker(this.#hand(key));
    else this.#observer?.depth(this.name, this.#ready.size);
  }

  #hand(key: string): string {
    const since = this.#ready.get(key) ?? this.#clock.monotonic();
    this.#ready.delete(key);
    this.#working.add(key);
    this.#observer?.waited(this.name, (this.#clock.monotonic() - since) / 1000);
    this.#observer?.depth(this.name, this.#ready.size);
    return key;
  }

  #cancelDelayed(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }
}
