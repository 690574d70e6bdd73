/** Runs a function while this replica holds the Lease, and never a moment longer than others may believe it does. */

import { describeError, operatorError } from '../errors.ts';
import { linkAbort } from '../kube/abort.ts';
import type { LeaseLock } from '../kube/lease.ts';
import type { Logger } from '../observe/log.ts';
import { sleepUntil, type Clock } from './clock.ts';

export interface LeaderTiming {
  /** As written in the Lease: others wait this long after the last renewal. */
  leaseMs: number;
  /** Without a renewal for this long, the work is stopped. Less than `leaseMs` by the time that stopping takes. */
  renewDeadlineMs: number;
  /** Between two tries. */
  retryMs: number;
}

/** The values of client-go and of every Kubernetes component. */
export const LEADER_TIMING: LeaderTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2000 };

export interface LeaderOptions {
  lock: Pick<LeaseLock, 'name' | 'acquire' | 'release'>;
  clock: Clock;
  log: Logger;
  /** The leader's work. Its signal aborts when the Lease is lost or the process stops; it must then return soon. */
  lead: (signal: AbortSignal) => Promise<void>;
  timing?: LeaderTiming;
  observer?: { leading(isLeader: boolean): void };
}

/**
 * Stands for election until the signal aborts; then stops the work, releases the Lease and resolves. Rejects when the
 * work fails, or when it does not stop in time: two writers are worse than none, so the process must end.
 */
export const runLeaderElection = async (options: LeaderOptions, signal: AbortSignal): Promise<void> => {
  const { lock, clock, log, observer, timing = LEADER_TIMING } = options;
  observer?.leading(false);
  let knownHolder = '';
  while (!signal.aborted) {
    const asked = clock.monotonic();
    try {
      const { held, holder } = await within(timing.renewDeadlineMs / 2, signal, (signal) => lock.acquire(signal));
      if (held) await leadUntilLost(options, timing, asked, signal);
      else if (holder !== '' && holder !== knownHolder) log.info('another replica leads', { lease: lock.name, holder });
      knownHolder = holder;
    } catch (error) {
      // First: a work that does not stop is an error even when the process is to end.
      if (error instanceof WorkFailed) throw error.cause;
      if (signal.aborted) break;
      log.warn('the Lease cannot be had', { lease: lock.name, error });
    }
    // Jitter, so that replicas do not ask at the same instant.
    await sleepUntil(clock, clock.now() + timing.retryMs * (1 + Math.random() * 0.2), signal).catch(() => undefined);
  }
};

/** Runs a call that is aborted after so many milliseconds, whatever it does inside. */
const within = async <T>(ms: number, parent: AbortSignal | undefined, call: (signal: AbortSignal) => Promise<T>) => {
  const link = linkAbort(parent);
  const timer = setTimeout(() => link.abort(new Error(`no answer within ${ms / 1000} s`)), ms);
  try {
    return await call(link.signal);
  } finally {
    clearTimeout(timer);
    link.unlink();
  }
};

/** The work itself failed, as opposed to the election. */
class WorkFailed extends Error {}

/** `renewedAt`: when the write that gave us the Lease was sent; others count from a later instant. */
const leadUntilLost = async (
  { lock, clock, log, lead, observer }: LeaderOptions,
  timing: LeaderTiming,
  renewedAt: number,
  signal: AbortSignal,
): Promise<void> => {
  const link = linkAbort(signal);
  log.info('leading', { lease: lock.name });
  observer?.leading(true);
  let failure: { cause: unknown } | undefined;
  let working = true;
  const work = lead(link.signal)
    .catch((cause: unknown) => {
      if (!link.signal.aborted) failure = { cause };
    })
    .finally(() => {
      working = false;
      link.abort(new Error('the work has ended'));
    });
  try {
    const lost = await renewUntilLost(lock, clock, log, timing, renewedAt, link.signal);
    if (lost !== undefined) {
      log.warn('the Lease is lost', { error: operatorError('SI2101', { lease: lock.name, detail: lost }) });
      link.abort(new Error(`the Lease is lost: ${lost}`));
    }
  } finally {
    // The work has until the Lease runs out for others; when the process stops, the Lease is still ours and is renewed no more.
    const grace = clock.now() + Math.max(0, timing.leaseMs - timing.renewDeadlineMs);
    const ended = linkAbort(undefined);
    await Promise.race([work, sleepUntil(clock, grace, ended.signal).catch(() => undefined)]);
    ended.abort(new Error('the work has ended'));
    link.unlink();
    observer?.leading(false);
  }
  if (working)
    throw new WorkFailed('', { cause: operatorError('SI1004', { component: "the leader's work did not stop" }) });
  await release(lock, log);
  if (failure) throw new WorkFailed('', failure);
};

/** Renews until the signal aborts (undefined) or the Lease is lost (why). */
const renewUntilLost = async (
  lock: LeaderOptions['lock'],
  clock: Clock,
  log: Logger,
  timing: LeaderTiming,
  renewedAt: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  let lastRenewal = { monotonic: renewedAt, wall: clock.now() - (clock.monotonic() - renewedAt) };
  for (;;) {
    try {
      await sleepUntil(clock, clock.now() + timing.retryMs, signal);
    } catch {
      return undefined;
    }
    const sent = { monotonic: clock.monotonic(), wall: clock.now() };
    // A machine that slept: its monotonic clock stood still, others' did not.
    const elapsed = Math.max(sent.monotonic - lastRenewal.monotonic, sent.wall - lastRenewal.wall);
    const left = timing.renewDeadlineMs - elapsed;
    if (left <= 0) return `not renewed for ${Math.round(elapsed / 1000)} s`;
    try {
      const { held, holder } = await within(Math.min(left, timing.renewDeadlineMs / 2), signal, (signal) =>
        lock.acquire(signal),
      );
      if (!held) return holder === '' ? 'another replica wrote it' : `${holder} took it`;
      lastRenewal = sent;
    } catch (error) {
      if (signal.aborted) return undefined;
      log.warn('the Lease cannot be renewed', { lease: lock.name, error: describeError(error) });
    }
  }
};

/** How long the release may take; after that others wait for the end of the Lease. */
const RELEASE_MS = 3000;

const release = async (lock: LeaderOptions['lock'], log: Logger): Promise<void> => {
  try {
    await within(RELEASE_MS, undefined, (signal) => lock.release(signal));
    log.info('leading no more', { lease: lock.name });
  } catch (error) {
    log.warn('the Lease could not be released', { lease: lock.name, error });
  }
};
