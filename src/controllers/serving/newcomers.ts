/**
 * Injectors that API servers call before this replica has read of them: its watch lags a moment behind that of whoever wrote the
 * configuration. To say "no such injector" then would let a pod through without its sidecar, also where failurePolicy is Fail.
 */
import type { ResourceCache } from '../../kube/cache.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { InjectorObject } from '../caches.ts';

/** Watches are late by milliseconds; who is not known after this is not there. */
const PATIENCE_MS = 1500;
/** Anybody who reaches the port can ask for any name. */
const MOST = 1000;

export class Newcomers {
  readonly #injectors: Pick<ResourceCache<InjectorObject>, 'onChange'>;
  readonly #clock: Clock;
  /** When each was asked for first; -Infinity for one that was seen to be deleted. */
  readonly #asked = new Map<string, number>();

  constructor(injectors: Pick<ResourceCache<InjectorObject>, 'onChange'>, clock: Clock) {
    this.#injectors = injectors;
    this.#clock = clock;
  }

  /** Follows the injectors from now on. Returns the function that ends it. */
  start(): () => void {
    return this.#injectors.onChange(({ type, object }) => {
      const { name } = object.metadata;
      this.#asked.delete(name);
      if (type === 'deleted') this.#remember(name, -Infinity);
    });
  }

  /** Whether an injector that is not known may be known in a moment. */
  mayCome(name: string): boolean {
    const now = this.#clock.monotonic();
    const first = this.#asked.get(name) ?? now;
    if (first === now) this.#remember(name, now);
    return now - first < PATIENCE_MS;
  }

  #remember(name: string, asked: number): void {
    this.#asked.set(name, asked);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MOST && oldest !== undefined) this.#asked.delete(oldest);
  }
}
