/**
 * The loop that works through a queue. Level-triggered: `reconcile` gets a key and finds out by itself what is to be done;
 * it must be right whenever it is called, however often, and after any crash.
 */

import { OperatorError } from '../errors.ts';
import { linkAbort } from '../kube/abort.ts';
import { ApiError, isConflict, retryClassOf } from '../kube/errors.ts';
import type { Logger } from '../observe/log.ts';
import type { Clock } from './clock.ts';
import type { WorkQueue } from './queue.ts';

export interface Result {
  /** Look at the key again after this many milliseconds, although nothing happens to it. */
  requeueAfterMs?: number;
}

export type Reconcile = (key: string, signal: AbortSignal) => Promise<Result>;

/** Where a controller reports. */
export interface ControllerObserver {
  reconciled(controller: string, result: 'success' | 'requeue' | 'error', seconds: number): void;
  active(controller: string, workers: number): void;
}

export interface ControllerOptions {
  name: string;
  queue: WorkQueue;
  reconcile: Reconcile;
  /** All keys there are: each is looked at when the loop starts, as another leader may have left them half-done. */
  keys?: () => Iterable<string>;
  /** Keys worked on at a time. Default 1. */
  workers?: number;
  /** After this the signal of a `reconcile` aborts, in milliseconds. Default 120 s. */
  timeoutMs?: number;
  clock: Clock;
  log: Logger;
  observer?: ControllerObserver;
}

/** Works until the signal aborts; resolves when the last reconcile has returned. */
export const runController = async (options: ControllerOptions, signal: AbortSignal): Promise<void> => {
  const { name, queue, observer } = options;
  const log = options.log.child({ controller: name });
  let active = 0;
  const count = (change: number): void => {
    active += change;
    observer?.active(name, active);
  };
  for (const key of options.keys?.() ?? []) queue.add(key);

  const work = async (): Promise<void> => {
    for (;;) {
      let key: string;
      try {
        key = await queue.take(signal);
      } catch {
        return;
      }
      count(1);
      try {
        await reconcileOnce(options, key, log, signal);
      } finally {
        count(-1);
        queue.done(key);
      }
    }
  };
  await Promise.all(Array.from({ length: options.workers ?? 1 }, work));
};

const reconcileOnce = async (
  { name, queue, reconcile, clock, observer, timeoutMs = 120_000 }: ControllerOptions,
  key: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> => {
  const started = clock.monotonic();
  const seconds = (): number => (clock.monotonic() - started) / 1000;
  const link = linkAbort(signal);
  const timer = setTimeout(
    () => link.abort(new Error(`the reconcile of ${key} took more than ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const { requeueAfterMs } = await reconcile(key, link.signal);
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
    observer?.reconciled(name, requeueAfterMs === undefined ? 'success' : 'requeue', seconds());
  } catch (error) {
    if (signal.aborted) {
      // Whoever leads next, or this process when it leads again, looks at all keys.
      log.debug('reconcile stopped', { key });
      return;
    }
    observer?.reconciled(name, 'error', seconds());
    const delayMs = Math.round(queue.retry(key, atLeastMs(error, queue.maxDelayMs)));
    // Somebody else wrote first: everyday life, and the next try reads what he wrote.
    if (isConflict(error)) log.debug('reconcile met a newer object', { key, delayMs, error });
    else log.error('reconcile failed', { key, delayMs, error });
  } finally {
    clearTimeout(timer);
    link.unlink();
  }
};

/** What the error itself says about when a retry can help, in milliseconds. */
const atLeastMs = (error: unknown, longest: number): number => {
  switch (retryClassOf(error)) {
    case 'never':
      // Not really never: what has to change first may be something that is not watched.
      return longest;
    case 'after':
      if (error instanceof OperatorError) return error.retryAfterMs ?? 0;
      return error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    case 'backoff':
    default:
      return 0;
  }
};
