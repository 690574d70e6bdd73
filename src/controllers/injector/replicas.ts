/** What the leader knows of all replicas: their reports, and handshakes, which it believes more (reference/certs.md 3.1). */
import { serviceDnsName } from '../../api/v1alpha1/names.ts';
import { at } from '../../domain/json.ts';
import {
  readReport,
  REPLICA_LABEL,
  replicaLeaseName,
  REPORT_ANNOTATION,
  type ReplicaReport,
} from '../../domain/replica.ts';
import type { ReplicaFacts } from '../../domain/rollover.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Lease, ObjectMeta } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { list, remove } from '../../kube/verbs.ts';
import { servedFingerprint, type HandshakeTarget } from '../../pki/handshake.ts';
import type { Clock } from '../../runtime/clock.ts';
import { REPORT_LIFE_SECONDS } from '../serving/reporter.ts';
import { Steady, type Look } from './steady.ts';

export interface ReplicasOptions {
  client: KubeClient;
  namespace: string;
  /** This process, which is a replica too: what it says of the injector. */
  self: (injector: string) => ReplicaReport;
  clock: Clock;
  handshake?: (target: HandshakeTarget, timeoutMs: number, signal?: AbortSignal) => Promise<string>;
}

export interface Wanted {
  injector: string;
  /** Uid of the Secret that the reports must be about. */
  secret: string;
  /** SHA-256 of the published caBundle. */
  trusts: string;
  /** Ask each replica by a handshake what it serves. */
  probe: boolean;
}

export interface Seen {
  replicas: ReplicaFacts[];
  /** Refused handshakes that each replica has counted. */
  refusals: ReadonlyMap<string, number>;
  refusedBy: string | undefined;
}

/** Several injectors are looked at together: one list does for all of them. */
const LIST_LIFE_MS = 300;
const HANDSHAKE_TIMEOUT_MS = 2000;
/** Clocks of API servers may differ by so much. */
const SERVERS_DIFFER_MS = 30_000;
/** Who has been silent for so long was killed and could not take leave. */
const FORGET_MS = 120_000;

interface Reported {
  report: ReplicaReport;
  live: boolean;
}

/** When the API server took the last change of it, by the API server's clock; undefined where it does not say so. */
function writtenAt({ metadata }: Pick<Lease, 'metadata'>): number | undefined {
  const times = (metadata.managedFields ?? []).map((entry) => Date.parse(String(at(entry, ['time']))));
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** What is known of a replica whose report cannot be read. */
const speechless = (replica: string): ReplicaReport => ({ replica, host: '', port: 0, injectors: {} });

export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #leases = new Steady();
  readonly #served = new Steady();
  #listed: { at: number; reports: Promise<Reported[]> } | undefined;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  /** Looks at all replicas. Throws when the reports cannot be read: then nothing is known, and nothing may go on. */
  async look(wanted: Wanted, signal: AbortSignal): Promise<Seen> {
    const own = (): ReplicaReport => this.#options.self(wanted.injector);
    const others = await this.#others(replicaLeaseName(own().replica), signal);
    const reported = [{ report: own(), live: true }, ...others];
    const replicas = await Promise.all(reported.map((one) => this.#factsOf(one, wanted, signal)));
    const counts = reported.map(({ report: { replica, injectors } }): [string, number] => [
      replica,
      injectors[wanted.injector]?.refusals ?? 0,
    ]);
    const refusedBy = reported.flatMap(({ report }) => report.injectors[wanted.injector]?.refusedBy ?? [])[0];
    return { replicas, refusals: new Map(counts), refusedBy };
  }

  async #others(ownLease: string, signal: AbortSignal): Promise<Reported[]> {
    const now = this.#options.clock.monotonic();
    if (this.#listed === undefined || now - this.#listed.at > LIST_LIFE_MS) {
      const reports = this.#list(ownLease, signal);
      this.#listed = { at: now, reports };
      // What failed is not to be remembered, for whoever looks next.
      reports.catch(() => {
        if (this.#listed?.reports === reports) this.#listed = undefined;
      });
    }
    return this.#listed.reports;
  }

  async #list(ownLease: string, signal: AbortSignal): Promise<Reported[]> {
    const { client, namespace, clock } = this.#options;
    const begun = clock.monotonic();
    const leases = await list<Lease>(client, RESOURCES.leases, { namespace, labelSelector: REPLICA_LABEL, signal });
    const look = { begun, done: clock.monotonic() };
    const newest = Math.max(...leases.items.flatMap((lease) => writtenAt(lease) ?? []));
    return leases.items.flatMap(({ metadata }): Reported[] => {
      if (metadata.name === ownLease) return [];
      // Who reports in words of another version is there all the same, and nothing may go on that it may not have followed.
      const report = readReport(metadata.annotations?.[REPORT_ANNOTATION]) ?? speechless(metadata.name);
      const version = `${metadata.uid}/${metadata.resourceVersion}`;
      // By how long we have seen it unchanged, never by the times in it: clocks differ. What a leader before us has seen shows
      // in when the API server took it, beside the others: or each new leader would wait for the same dead replica anew.
      const behindMs = newest - (writtenAt({ metadata }) ?? newest) - SERVERS_DIFFER_MS;
      const silentForMs = Math.max(this.#leases.forMs(metadata.name, version, look), behindMs || 0);
      if (silentForMs > FORGET_MS) this.#forget(metadata);
      return [{ report, live: silentForMs < REPORT_LIFE_SECONDS * 1000 }];
    });
  }

  #forget({ name, uid, resourceVersion }: ObjectMeta): void {
    const { client, namespace } = this.#options;
    const preconditions = { uid, resourceVersion };
    const options = { preconditions, signal: AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS), retries: 0 };
    // Whoever sees it next tries again.
    remove(client, RESOURCES.leases, { namespace, name }, options).catch(() => undefined);
  }

  async #factsOf({ report, live }: Reported, wanted: Wanted, signal: AbortSignal): Promise<ReplicaFacts> {
    const { namespace, clock, handshake = servedFingerprint } = this.#options;
    const { replica, host, port } = report;
    const said = report.injectors[wanted.injector];
    const begun = clock.monotonic();
    const shown =
      wanted.probe && host !== ''
        ? await handshake(
            { host, port, servername: serviceDnsName(wanted.injector, namespace) },
            HANDSHAKE_TIMEOUT_MS,
            signal,
            // A network policy may forbid it; then the replica's own word has to do.
          ).catch(() => undefined)
        : undefined;
    const served = shown ?? said?.served;
    const look: Look = { begun, done: clock.monotonic() };
    return {
      name: replica,
      // Who still serves what it last spoke of lives, whatever became of its reports. (Its address may be another's by now.)
      live: live || (shown !== undefined && shown === said?.served),
      seq: said?.secret === wanted.secret ? said.seq : -1,
      served,
      servedForMs: this.#served.forMs(`${wanted.injector}/${replica}`, served ?? '', look),
      trustsPublished: said?.trusts === wanted.trusts,
    };
  }
}
