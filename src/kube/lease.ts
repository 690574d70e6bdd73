/**
 * The right to write, as a Lease that one replica holds at a time. Every write is compare-and-swap. Whether another
 * holder is gone is judged by how long *we* have seen its Lease unchanged, never by the times written in it: the clocks
 * of two machines differ (the rule of client-go's leaderelection.go).
 */

import type { KubeClient } from './client.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import type { Lease } from './objects.ts';
import { RESOURCES, apiVersionOf } from './resources.ts';
import { retrying } from './retry.ts';
import { create, get, replace } from './verbs.ts';

export interface LeaseOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  /** Unique for each process. */
  identity: string;
  /** How long others wait after the last sign of life, in seconds. */
  durationSeconds: number;
  /** Milliseconds since the epoch, for the times that people read. */
  now: () => number;
  /** Milliseconds that never go back, for how long something was unchanged. */
  monotonic: () => number;
}

/** metav1.MicroTime. */
export const microTime = (instant: number): string => new Date(instant).toISOString().replace('Z', '000Z');

export class LeaseLock {
  readonly #options: LeaseOptions;
  /** The state of the Lease that was seen last, and since when it has been so. */
  #seen: { version: string; since: number } | undefined;
  #held: Lease | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get name(): string {
    return `${this.#options.namespace}/${this.#options.name}`;
  }

  /**
   * Takes or renews the Lease. `held` is true when it is ours after the call. Throws when the API server does not
   * answer; what holds then is what held before, until its time runs out. Never tries again: the caller counts the time.
   */
  async acquire(signal: AbortSignal): Promise<{ held: boolean; holder: string }> {
    const { client, namespace, name, identity } = this.#options;
    const call = { signal, retries: 0 };
    try {
      // Our own last answer saves the read; a Conflict shows that it is out of date.
      const known = this.#held ?? (await get<Lease>(client, RESOURCES.leases, { namespace, name }, call));
      if (!known) {
        this.#held = await create(client, RESOURCES.leases, this.#lease(undefined), call);
        return { held: true, holder: identity };
      }
      const holder = known.spec?.holderIdentity ?? '';
      if (holder !== identity && holder !== '' && !this.#expired(known)) return { held: false, holder };
      this.#held = await replace(client, RESOURCES.leases, this.#lease(known), call);
      return { held: true, holder: identity };
    } catch (error) {
      const wasHeld = this.#held !== undefined;
      this.#held = undefined;
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
      // Somebody wrote it, perhaps we ourselves and the answer was lost: look once more what is there.
      if (wasHeld) return this.acquire(signal);
      return { held: false, holder: '' };
    }
  }

  /**
   * Gives the Lease up so that another replica need not wait for its end. Does nothing when it is not ours; whether it is, is
   * asked of the API server when our last write had no answer. Tries again until the signal aborts.
   */
  async release(signal: AbortSignal): Promise<void> {
    await retrying(() => this.#release(signal), { signal });
  }

  async #release(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const call = { signal, retries: 0 };
    try {
      const held = this.#held ?? (await get<Lease>(client, RESOURCES.leases, { namespace, name }, call));
      this.#held = undefined;
      if (held?.spec?.holderIdentity !== identity) return;
      const lease = this.#lease(held);
      // An empty holder is what client-go writes; one second is for those that only look at the duration.
      lease.spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 };
      await replace(client, RESOURCES.leases, lease, call);
    } catch (error) {
      if (!isConflict(error)) throw error;
      // Another replica has it; or it was our own renewal, of which we never heard.
      await this.#release(signal);
    }
  }

  /** Whether this Lease has not changed for its whole duration, as far as we have watched it. */
  #expired(lease: Lease): boolean {
    const version = `${lease.metadata.uid ?? ''}/${lease.metadata.resourceVersion ?? ''}`;
    const now = this.#options.monotonic();
    if (this.#seen?.version !== version) this.#seen = { version, since: now };
    const duration = lease.spec?.leaseDurationSeconds ?? this.#options.durationSeconds;
    return now - this.#seen.since >= duration * 1000;
  }

  /** The Lease with us as its holder. */
  #lease(known: Lease | undefined): Lease {
    const { namespace, name, identity, durationSeconds, now } = this.#options;
    const time = microTime(now());
    const ours = known?.spec?.holderIdentity === identity;
    return {
      apiVersion: apiVersionOf(RESOURCES.leases),
      kind: RESOURCES.leases.kind,
      // Without a resourceVersion a PUT would overwrite whatever is there.
      metadata: known?.metadata ?? { namespace, name },
      spec: {
        ...known?.spec,
        holderIdentity: identity,
        leaseDurationSeconds: durationSeconds,
        acquireTime: ours ? (known.spec?.acquireTime ?? time) : time,
        renewTime: time,
        leaseTransitions: known ? (known.spec?.leaseTransitions ?? 0) + (ours ? 0 : 1) : 0,
      },
    };
  }
}
