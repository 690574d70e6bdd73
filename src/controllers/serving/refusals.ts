/** Handshakes that clients refused because they do not trust what is served: an exact sign, and a free one (reference/certs.md 1.4). */
import { injectorOfServerName } from '../../api/v1alpha1/names.ts';

export interface Refusal {
  /** Since the process started. */
  count: number;
  /** The address of an API server, or of what stands before it. */
  by: string;
}

export class Refusals {
  readonly #namespace: string;
  readonly #byInjector = new Map<string, Refusal>();
  readonly #listeners = new Set<() => void>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Takes note of a failed handshake. Other failures than distrust (port scans, health checks) do not count. */
  note(event: { servername: string; remoteAddress: string; untrusted: boolean }): void {
    const injector = injectorOfServerName(event.servername, this.#namespace);
    if (!event.untrusted || injector === undefined) return;
    const { count } = this.of(injector);
    this.#byInjector.set(injector, { count: count + 1, by: event.remoteAddress });
    for (const listener of this.#listeners) listener();
  }

  of(injector: string): Refusal {
    return this.#byInjector.get(injector) ?? { count: 0, by: '' };
  }

  /** Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
