/** Short retries of one API call. Longer patience belongs to the queue, which does not hold a worker meanwhile. */

import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { OperatorError } from '../errors.ts';
import { ApiError } from './errors.ts';

export interface RetryOptions {
  signal?: AbortSignal;
  /** False for writes whose effect may have happened although the answer was lost. Default true. */
  idempotent?: boolean;
  /** Tries after the first one. Default 3. */
  retries?: number;
  /** The first delay in milliseconds; doubles, with jitter, up to 2 s. Default 100. */
  minTimeoutMs?: number;
}

/** A Retry-After beyond this is for the queue to wait, not for a call. */
const LONGEST_WAIT_SECONDS = 5;

const neverSent = (error: OperatorError): boolean => {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  }
  return false;
};

/** Whether the same call may be sent again at once: 429, 5xx and network errors; never another 4xx. */
export const mayRetry = (error: unknown, idempotent: boolean): boolean => {
  if (error instanceof ApiError) {
    if ((error.retryAfterSeconds ?? 0) > LONGEST_WAIT_SECONDS) return false;
    if (error.code === 429) return true;
    // A webhook that failed is InternalError 500 without Retry-After: the call had no effect, but asking at once again
    // only repeats the webhook's timeout.
    return idempotent && error.code >= 500 && error.code !== 501;
  }
  if (error instanceof OperatorError && error.code === 'SI2001') return idempotent || neverSent(error);
  return false;
};

/**
 * Runs one call with at most `retries` repetitions. `Retry-After` is waited for.
 * Throws the last error, or the signal's reason when it is aborted.
 */
export const retrying = async <T>(attempt: () => Promise<T>, options: RetryOptions = {}): Promise<T> =>
  pRetry(attempt, {
    retries: options.retries ?? 3,
    minTimeout: options.minTimeoutMs ?? 100,
    maxTimeout: 2000,
    randomize: true,
    ...(options.signal && { signal: options.signal }),
    shouldRetry: ({ error }) => mayRetry(error, options.idempotent ?? true),
    // p-retry knows nothing of Retry-After: wait here for what its own delay will not cover.
    onFailedAttempt: async ({ error, retryDelay, retriesLeft }) => {
      if (!(error instanceof ApiError) || retriesLeft === 0 || !mayRetry(error, options.idempotent ?? true)) return;
      const rest = (error.retryAfterSeconds ?? 0) * 1000 - retryDelay;
      if (rest <= 0) return;
      await sleep(rest, undefined, { ...(options.signal && { signal: options.signal }) }).catch(() =>
        options.signal?.throwIfAborted(),
      );
    },
  });
