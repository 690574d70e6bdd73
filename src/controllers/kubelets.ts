/** Follows the versions of the kubelets, for injectors with sidecarMode Auto; without one, nodes are not looked at. */
import { runNativeSidecars } from '../domain/kubelets.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Logger } from '../observe/log.ts';
import { type Clock, sleepUntil } from '../runtime/clock.ts';

const EVERY_MS = 60_000;
/** While nothing is known or nobody asks, a look costs nothing but this wait. */
const IDLE_MS = 1_000;
const PAGE = 500;

/** A node is ten kilobytes, mostly of names of images, and this asks for one word of it. */
const AS_TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

interface NodeTable {
  metadata?: { continue?: string };
  columnDefinitions: { name: string }[];
  rows?: { cells: unknown[] }[] | null;
}

export interface KubeletsOptions {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  /** Whether somebody needs to know. */
  wanted: () => boolean;
}

export class Kubelets {
  readonly #options: KubeletsOptions;
  #native: boolean | undefined;

  constructor(options: KubeletsOptions) {
    this.#options = options;
  }

  /** Whether every node runs native sidecars; undefined while that is not known. */
  get nativeSidecars(): boolean | undefined {
    return this.#native;
  }

  /** Why this replica must not get requests yet: it would inject otherwise than the others. */
  unreadiness(): string | undefined {
    return this.#native === undefined && this.#options.wanted() ? 'kubelets have not been looked at' : undefined;
  }

  /** Looks every minute until the signal aborts. What was known goes on when a look fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, wanted } = this.#options;
    while (!signal.aborted) {
      const looks = wanted();
      if (looks) {
        try {
          const native = runNativeSidecars(await this.#versions(signal));
          if (native !== this.#native) log.info('kubelets were looked at', { nativeSidecars: native });
          this.#native = native;
        } catch (error) {
          if (!signal.aborted) log.warn('kubelets cannot be looked at', { error });
          // Without an answer, what every kubelet can is the safe choice.
          this.#native ??= false;
        }
      }
      const wait = looks ? EVERY_MS : IDLE_MS;
      await sleepUntil(clock, clock.now() + wait, signal).catch(() => {});
    }
  }

  async #versions(signal: AbortSignal): Promise<string[]> {
    const versions: string[] = [];
    let next: string | undefined;
    do {
      const table: NodeTable = await this.#options.client.request<NodeTable>({
        path: '/api/v1/nodes',
        query: { includeObject: 'None', limit: PAGE, continue: next },
        accept: AS_TABLE,
        signal,
      });
      const column = table.columnDefinitions.findIndex(({ name }) => name === 'Version');
      versions.push(...(table.rows ?? []).map(({ cells }) => String(cells[column])));
      next = table.metadata?.continue || undefined;
    } while (next !== undefined);
    return versions;
  }
}
