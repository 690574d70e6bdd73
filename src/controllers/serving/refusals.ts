/** Handshakes that clients refused because they do not trust what is served: an exact sign, and a free one (reference/certs.md 1.4). */
import { injectorOfServerName } from '../../api/v1alpha1/names.ts';

export interface Refusal {
  /** Since the process started. */
  count: number;
  /** The address of an API server, or of what stands before it. */
  by: string;
}

/** Each report is a write to the API server. */
const PAUSE_MS = 1000;

export class Refusals {
  readonly #namespace: string;
  readonly #byInjector = new Map<string, Refusal>();
  readonly #listeners = new Set<() => void>();
  #pause: NodeJS.Timeout | undefined;
  #untold = false;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Takes note of a failed handshake. Other failures than distrust (port scans, health checks) do not count. */
  note(event: { servername: string; remoteAddress: string; untrusted: boolean }): void {
    const injector = injectorOfServerName(event.servername, this.#namespace);
    if (!event.untrusted || injector === undefined) return;
    const { count } = this.of(injector);
    this.#byInjector.set(injector, { count: count + 1, by: event.remoteAddress });
    this.#tell();
  }

  /** The first one at once. Anybody who reaches the port can make them up: what follows is told once a second. */
  #tell(): void {
    this.#untold = this.#pause !== undefined;
    if (this.#untold) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#untold) this.#tell();
    }, PAUSE_MS).unref();
    for (const listener of this.#listeners) listener();
  }

  of(injector: string): Refusal {
    return this.#byInjector.get(injector) ?? { count: 0, by: '' };
  }

  /** Calls the listener soon after new refusals. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
