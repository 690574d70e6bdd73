/** Time as an argument: the wall clock for instants that are written down, a monotonic one for how long something took. */

export interface Clock {
  /** Milliseconds since the epoch. May jump. */
  now(): number;
  /** Milliseconds since some start. Never goes back. */
  monotonic(): number;
  /**
   * Calls once when `now()` reaches the instant, or when as much time has passed as there was until then: a wall clock that is
   * set back makes no wait longer. At once on the next turn if it has passed. Returns the function that cancels.
   */
  at(instant: number, call: () => void): () => void;
}

/**
 * A timer sleeps at most this long before it looks at the wall clock again. So a machine that was asleep, a clock that
 * was set, and an instant beyond setTimeout's 24.8 days all come out right.
 */
const LONGEST_SLEEP_MS = 30_000;

/** The machine's timers under any wall clock. */
export const clockOf = (now: () => number): Clock => ({
  now,
  monotonic: () => performance.now(),
  at: (instant, call) => {
    let timer: NodeJS.Timeout;
    const due = performance.now() + instant - now();
    const left = (): number => Math.min(instant - now(), due - performance.now());
    const arm = (): void => {
      timer = setTimeout(
        () => {
          if (left() <= 0) call();
          else arm();
        },
        Math.min(Math.max(left(), 0), LONGEST_SLEEP_MS),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
});

export const systemClock = clockOf(() => Date.now());

/** Resolves as `at` calls; rejects with the signal's reason. */
export const sleepUntil = async (clock: Clock, instant: number, signal?: AbortSignal): Promise<void> => {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = clock.at(instant, resolve);
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
};
