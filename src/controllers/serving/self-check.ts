/**
 * This replica dials itself by every injector's Service name, as an API server would, and verifies what it gets with the
 * caBundle that is published: what /readyz says rests on that, not on what the operator believes of itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serviceDnsName } from '../../api/v1alpha1/names.ts';
import type { Logger } from '../../observe/log.ts';
import { handshakeFailure, type HandshakeTarget } from '../../pki/handshake.ts';
import type { Clock } from '../../runtime/clock.ts';

/** What API servers go by when they call an injector. */
export interface Called {
  injector: string;
  /** SHA-256 of the leaf that this replica serves. */
  fingerprint: string;
  /** PEM. */
  bundle: string;
}

export interface SelfCheckOptions {
  /** Where this replica listens. */
  host: string;
  port: number;
  namespace: string;
  /** The injectors that API servers call. */
  called: () => Called[];
  clock: Clock;
  log: Logger;
  /** Called after each handshake that was verified. */
  verified: (injector: string) => void;
  handshake?: typeof handshakeFailure;
}

/** What did not change is looked at again after this. */
const EVERY_MS = 30_000;
const LOOK_MS = 1000;
/** Looks that follow each other at once are kept so far apart for each injector: each goes through all of them. */
const APART_PER_INJECTOR_MS = 1;
/** A handshake costs about 3 ms of one core: with 1,000 injectors a round takes 50 s, and 6% of the core. */
const AGAIN_PER_LOOK = 20;
const AT_ONCE = 4;
const TIMEOUT_MS = 5000;
/** One that fails may have met a busy moment. */
const FAILURES = 2;

interface Known extends Called {
  at: number;
  failure: string | undefined;
  /** In a row. */
  failures: number;
  /** There was a good one before, be it of another certificate. */
  proven: boolean;
}

export class SelfCheck {
  readonly #options: SelfCheckOptions;
  readonly #known = new Map<string, Known>();
  #wake: () => void = () => {};

  constructor(options: SelfCheckOptions) {
    this.#options = options;
  }

  /** Something may have changed. */
  poke(): void {
    this.#wake();
  }

  /** Why this replica should not be called, an entry for each injector; a new certificate gets its handshake first. */
  failures(): string[] {
    return this.#options.called().flatMap(({ injector }) => {
      const known = this.#known.get(injector);
      if (known === undefined) return [`${injector}: no handshake has been made yet`];
      const failing = known.failures >= FAILURES || (known.failures > 0 && !known.proven);
      return failing ? [`${injector}: a handshake with itself fails: ${known.failure}`] : [];
    });
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = this.#due();
      for (let first = 0; first < due.length && !signal.aborted; first += AT_ONCE) {
        await Promise.all(due.slice(first, first + AT_ONCE).map((called) => this.#check(called, signal)));
      }
      await this.#untilPoked(signal);
      await sleep(this.#known.size * APART_PER_INJECTOR_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** All that changed or failed, and some of the others, the oldest first. */
  #due(): Called[] {
    const called = this.#options.called();
    const names = new Set(called.map(({ injector }) => injector));
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
    const now = this.#options.clock.monotonic();
    const urgent: Called[] = [];
    const old: { called: Called; at: number }[] = [];
    for (const one of called) {
      const known = this.#known.get(one.injector);
      const same = known?.fingerprint === one.fingerprint && known.bundle === one.bundle;
      if (known === undefined || !same || known.failure !== undefined) urgent.push(one);
      else if (now - known.at >= EVERY_MS) old.push({ called: one, at: known.at });
    }
    const oldest = old.toSorted((a, b) => a.at - b.at).slice(0, AGAIN_PER_LOOK);
    return [...urgent, ...oldest.map(({ called: one }) => one)];
  }

  async #check(called: Called, signal: AbortSignal): Promise<void> {
    const { host, port, namespace, clock, log, verified, handshake = handshakeFailure } = this.#options;
    const { injector, bundle } = called;
    const target: HandshakeTarget = { host, port, servername: serviceDnsName(injector, namespace) };
    const failure = await handshake(target, bundle, TIMEOUT_MS, signal);
    if (signal.aborted) return;
    const before = this.#known.get(injector);
    const failures = failure === undefined ? 0 : (before?.failures ?? 0) + 1;
    const proven = failure === undefined || before?.proven === true;
    this.#known.set(injector, { ...called, at: clock.monotonic(), failure, failures, proven });
    if (failure === undefined) verified(injector);
    else if (failure !== before?.failure) log.warn('a handshake with itself fails', { injector, reason: failure });
  }

  async #untilPoked(signal: AbortSignal): Promise<void> {
    const poked = Promise.withResolvers<void>();
    this.#wake = () => poked.resolve();
    const over = new AbortController();
    const late = sleep(LOOK_MS, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(() => undefined);
    await Promise.race([late, poked.promise]);
    over.abort();
  }
}
