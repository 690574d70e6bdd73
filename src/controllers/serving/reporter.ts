/** Tells the leader, through a Lease of this replica's own, what it serves and trusts (reference/certs.md 3.1). */
import { setTimeout as sleep } from 'node:timers/promises';
import { MANAGED_BY, MANAGED_BY_LABEL } from '../../api/v1alpha1/names.ts';
import {
  REPLICA_LABEL,
  replicaLeaseName,
  REPORT_ANNOTATION,
  writeReport,
  type ReplicaReport,
} from '../../domain/replica.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/errors.ts';
import { microTime } from '../../kube/lease.ts';
import type { Lease } from '../../kube/objects.ts';
import { apiVersionOf, RESOURCES } from '../../kube/resources.ts';
import { create, get, remove, replace } from '../../kube/verbs.ts';
import type { Logger } from '../../observe/log.ts';
import type { Clock } from '../../runtime/clock.ts';

export interface ReporterOptions {
  client: KubeClient;
  namespace: string;
  report: () => ReplicaReport;
  clock: Clock;
  log: Logger;
  /** A sign of life comes at least so often, in milliseconds. Default 10 s. */
  beatMs?: number;
}

const BEAT_MS = 10_000;
/** After this without a sign of life a replica is taken for gone. */
export const REPORT_LIFE_SECONDS = 30;
/** Changes that come together are told together; a report of a thousand injectors is 240 KB, and worth a longer wait. */
const GATHER_MS = 50;
const GATHER_PER_INJECTOR_MS = 1;
const FAREWELL_MS = 5000;

export class Reporter {
  readonly #options: ReporterOptions;
  #lease: Lease | undefined;
  #wake: () => void = () => {};
  #changed = true;
  #said = '';
  /** How many were told of last. */
  #injectors = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** There may be something new to tell. */
  poke(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Reports until the signal aborts, and takes leave. What fails is tried again with the next beat. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, beatMs = BEAT_MS } = this.#options;
    while (!signal.aborted) {
      this.#changed = false;
      try {
        await this.#write(signal);
      } catch (error) {
        if (!signal.aborted) log.warn('the leader could not be told what this replica serves', { error });
      }
      await this.#untilChanged(beatMs, signal);
    }
    await this.#takeLeave();
  }

  /** Until there is something new to say, or it is time for a sign of life. */
  async #untilChanged(beatMs: number, signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, AbortSignal.timeout(beatMs)]);
    while (!over.aborted) {
      if (!this.#changed) await this.#woken(over);
      this.#changed = false;
      const gatherMs = GATHER_MS + this.#injectors * GATHER_PER_INJECTOR_MS;
      await sleep(gatherMs, undefined, { signal: over }).catch(() => undefined);
      if (writeReport(this.#options.report()) !== this.#said) return;
    }
  }

  /** Resolves with the next poke, or when the signal aborts. */
  #woken(over: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (over.aborted) resolve();
      over.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { client, namespace, report, clock } = this.#options;
    const said = report();
    const text = writeReport(said);
    this.#injectors = Object.keys(said.injectors).length;
    const name = replicaLeaseName(said.replica);
    const call = { signal, retries: 0 };
    const known = this.#lease ?? (await get<Lease>(client, RESOURCES.leases, { namespace, name }, call));
    const lease: Lease = {
      apiVersion: apiVersionOf(RESOURCES.leases),
      kind: RESOURCES.leases.kind,
      metadata: {
        ...known?.metadata,
        namespace,
        name,
        labels: { ...known?.metadata.labels, [MANAGED_BY_LABEL]: MANAGED_BY, [REPLICA_LABEL]: 'true' },
        annotations: { ...known?.metadata.annotations, [REPORT_ANNOTATION]: text },
      },
      spec: {
        holderIdentity: said.replica,
        leaseDurationSeconds: REPORT_LIFE_SECONDS,
        renewTime: microTime(clock.now()),
      },
    };
    try {
      this.#lease = await (known === undefined ? create : replace)<Lease>(client, RESOURCES.leases, lease, call);
      this.#said = text;
    } catch (error) {
      this.#lease = undefined;
      this.#said = '';
      // Somebody changed it, or took it away: with the next look we know what is there.
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
      this.#changed = true;
    }
  }

  async #takeLeave(): Promise<void> {
    const { client, namespace, report, log } = this.#options;
    const key = { namespace, name: replicaLeaseName(report().replica) };
    try {
      await remove(client, RESOURCES.leases, key, { signal: AbortSignal.timeout(FAREWELL_MS) });
    } catch (error) {
      log.debug('the report of this replica stays until it is out of date', { error });
    }
  }
}
