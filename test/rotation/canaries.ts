/** Which replica was the canary of which injector, and when: there, and nowhere else, a handshake may be refused. */
import { INJECTOR_LABEL } from '../../src/api/v1alpha1/names.ts';
import { readState } from '../../src/controllers/secret.ts';
import { ResourceCache } from '../../src/kube/cache.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Secret } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';

interface Term {
  injector: string;
  replica: string;
  from: number;
  until: number;
}

/** A canary that is told to be none needs a moment to hear of it, and so do we. */
const AFTERMATH_MS = 1000;

export class Canaries {
  readonly #terms: Term[] = [];
  readonly #cache: ResourceCache<Secret>;

  constructor(client: KubeClient) {
    this.#cache = new ResourceCache<Secret>({
      client,
      resource: RESOURCES.secrets,
      log: silentLogger,
      namespace: OPERATOR_NAMESPACE,
      labelSelector: INJECTOR_LABEL,
    });
    this.#cache.onChange(({ object }) => this.#note(object));
  }

  /** Follows the Secrets of all injectors until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#cache.run(signal);
  }

  /** Was the replica the injector's canary when (by `performance.now()`) a client of it refused the handshake? */
  wasOne(replica: string, injector: string, at: number): boolean {
    return this.#terms.some(
      (term) =>
        term.injector === injector &&
        term.replica === replica &&
        at >= term.from - AFTERMATH_MS &&
        at <= term.until + AFTERMATH_MS,
    );
  }

  #note(secret: Secret): void {
    const injector = secret.metadata.labels?.[INJECTOR_LABEL] ?? '';
    const { phase, canary } = readState(secret).rollover;
    const replica = phase === 'Canary' ? canary : undefined;
    const now = performance.now();
    const open = this.#terms.find((term) => term.injector === injector && term.until === Infinity);
    if (open?.replica === replica) return;
    if (open !== undefined) open.until = now;
    if (replica !== undefined) this.#terms.push({ injector, replica, from: now, until: Infinity });
  }
}
