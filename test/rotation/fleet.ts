/** The replicas of the operator, and what a kubelet and a ReplicaSet do for them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { injectorOfServerName } from '../../src/api/v1alpha1/names.ts';
import { replicaLeaseName } from '../../src/domain/replica.ts';
import type { Lease } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, remove } from '../../src/kube/verbs.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import type { Environment } from '../e2e/support/environment.ts';
import { freePort, reportReadiness, startOperator, type RunningOperator } from '../e2e/support/operator.ts';
import type { Balancer } from './balancer.ts';
import type { Figures } from './figures.ts';

export interface FleetOptions {
  environment: Environment;
  program: string;
  nodeFlags: readonly string[];
  /** More flags for the operator. */
  flags: readonly string[];
  /** What the log of each replica has to say once it serves. */
  saying: string | undefined;
  figures: Figures;
  /** How late calls follow the pods behind the Service, in milliseconds. */
  endpointLagMs: number;
  /** Stands before the replicas where no Service of the cluster leads to them. */
  balancer: { port: number; route: Balancer['route'] } | undefined;
}

const MOST_LINES = 100;
/** More often than the readiness probe in config/manager; a pod is unready after so many failures in a row. */
const PROBE_MS = 500;
const PROBE_FAILURES = 3;
/** What the API servers may still have under way to a process that was killed. */
const AFTERMATH_MS = 1500;
const LEASE = { name: 'sidecar-injector', namespace: OPERATOR_NAMESPACE };

export class Fleet {
  readonly #options: FleetOptions;
  #replicas: RunningOperator[] = [];
  #ready = new Map<string, boolean>();
  readonly #failed = new Map<string, number>();
  #leaving: Promise<void>[] = [];
  #started = 0;
  #port: Promise<number> | undefined;
  #program: string;
  /** What each replica said, also one that never became ready. */
  readonly said = new Map<string, string[]>();
  #lastKill = { host: '', at: -Infinity };

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#program = options.program;
  }

  /** Those that serve, the oldest first. */
  get replicas(): readonly RunningOperator[] {
    return this.#replicas;
  }

  /** Starts one more replica and waits until it is ready. The replicas take turns in the API server that they use. */
  async add(): Promise<void> {
    const { environment, nodeFlags, flags, saying, figures, balancer } = this.#options;
    const index = this.#started++;
    const name = `operator-${index}`;
    const kubeconfig = environment.kubeconfigs[index % environment.kubeconfigs.length] ?? environment.kubeconfig;
    this.#port ??= freePort();
    const webhookPort = await this.#port;
    const lines: string[] = [];
    this.said.set(name, lines);
    const replica = await startOperator(environment, {
      name,
      program: this.#program,
      nodeFlags,
      // One address for each pod, one port for all.
      host: `127.0.1.${1 + (index % 250)}`,
      webhookPort,
      kubeconfig,
      inCluster: balancer === undefined,
      argv: [
        '--drain-seconds=12',
        ...(balancer === undefined ? [] : [`--webhook-url=https://127.0.0.1:${balancer.port}`]),
        ...flags,
      ],
      onLine: (line) => {
        if (lines.length < MOST_LINES) lines.push(line);
        figures.note(`${name}: ${line}`);
        noteLine(name, line, figures);
      },
    });
    if (saying !== undefined && !replica.lines.some((line) => line.includes(saying))) {
      await replica.stop('SIGKILL');
      throw new Error(`${name} does not say: ${saying}`);
    }
    this.#ready.set(name, true);
    this.#replicas.push(replica);
    this.#route();
  }

  /** A rolling restart: each replica is replaced by one that is ready before it is told to end. */
  async restart(): Promise<void> {
    for (const replica of this.#replicas.slice()) {
      if (!this.#replicas.includes(replica)) continue;
      await this.add();
      await this.#withdraw(replica);
      this.#leaving.push(this.#end(replica));
    }
    this.#options.figures.restarts += 1;
  }

  /** A rolling update: as a restart, and what comes runs another program, on another port. */
  async update(program: string): Promise<void> {
    this.#program = program;
    this.#port = undefined;
    await this.restart();
  }

  /**
   * Kills the replica that leads. Its pod leaves the Service before, so that what is lost is the leader and not, by itself, a
   * call of admission; idle connections to it go on to be used, and those calls cannot be saved. Another one takes its place.
   */
  async killLeader(pause: () => Promise<void>): Promise<boolean> {
    const { environment, figures, endpointLagMs } = this.#options;
    const lease = await get<Lease>(environment.client, RESOURCES.leases, LEASE);
    const leader = this.#replicas.find(({ name }) => name === lease?.spec?.holderIdentity);
    if (leader === undefined) return false;
    await this.#withdraw(leader);
    await sleep(endpointLagMs * 2);
    // Nothing that began while calls still led there is under way any more.
    const gone = performance.now();
    while ([...figures.underWay].some(({ begun }) => begun < gone)) await sleep(20);
    await pause();
    this.#lastKill = { host: leader.host, at: Infinity };
    await leader.stop('SIGKILL');
    this.#lastKill = { host: leader.host, at: performance.now() };
    figures.kills += 1;
    // As if its Lease and its last report had run out: nobody is left who could hold on to them.
    const report = { name: replicaLeaseName(leader.name), namespace: OPERATOR_NAMESPACE };
    for (const lease of [LEASE, report]) await remove(environment.client, RESOURCES.leases, lease);
    await this.add();
    return true;
  }

  /** Whether a failed call is what a killed process left behind. */
  excuses(message: string): boolean {
    const broken = /connection refused|connection reset|broken pipe|EOF/.test(message);
    const others = (message.match(/127\.0\.1\.\d+/g) ?? []).filter((host) => host !== this.#lastKill.host);
    return broken && others.length === 0 && performance.now() - this.#lastKill.at < AFTERMATH_MS;
  }

  /** Plays the kubelet: pods are ready as long as their process says so. Until the signal aborts. */
  async probe(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.#replicas.map((replica) => this.#probeOne(replica)));
      await sleep(PROBE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Ends all replicas. */
  async stop(): Promise<void> {
    await Promise.all(this.#leaving);
    for (const replica of this.#replicas.splice(0)) await replica.stop('SIGKILL');
  }

  async #probeOne(replica: RunningOperator): Promise<void> {
    const { environment, figures } = this.#options;
    const { name, healthUrl } = replica;
    const answer = await fetch(`${healthUrl}/readyz`, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
    if (!this.#replicas.includes(replica)) return;
    if (!replica.running) {
      figures.violate('broken promises', `${name} ended by itself: ${replica.lines.at(-1)}`);
      this.#replicas = this.#replicas.filter((other) => other !== replica);
      return;
    }
    const failed = answer?.ok === true ? 0 : (this.#failed.get(name) ?? 0) + 1;
    this.#failed.set(name, failed);
    if (failed > 0 && failed < PROBE_FAILURES) return;
    const ready = failed === 0;
    if (this.#ready.get(name) === ready) return;
    if (!ready) figures.complain(`${name} is not ready: ${(await answer?.text()) ?? 'no answer'}`);
    this.#ready.set(name, ready);
    this.#route();
    if (environment.inMemory) await reportReadiness(environment, replica, ready).catch(() => undefined);
  }

  #route(): void {
    this.#options.balancer?.route(this.#replicas.filter(({ name }) => this.#ready.get(name) === true));
  }

  /** The pod is deleted: from now on the Service leads to others, as soon as everybody has heard of it. */
  async #withdraw(replica: RunningOperator): Promise<void> {
    this.#replicas = this.#replicas.filter((other) => other !== replica);
    this.#route();
    if (!this.#options.environment.inMemory) return;
    await remove(this.#options.environment.client, RESOURCES.pods, {
      name: replica.name,
      namespace: OPERATOR_NAMESPACE,
    });
  }

  async #end(replica: RunningOperator): Promise<void> {
    const code = await replica.stop('SIGTERM');
    if (code === 0) return;
    const last = replica.lines.filter((line) => line.includes('"error"')).at(-1) ?? replica.lines.at(-1);
    this.#options.figures.violate('broken promises', `${replica.name} ended with ${code}: ${last}`);
  }
}

/** A refused handshake is judged, other errors are told, at the end. */
const noteLine = (name: string, line: string, figures: Figures): void => {
  if (!line.startsWith('{')) {
    figures.complain(`${name}: ${line.slice(0, 200)}`);
    return;
  }
  const { level, message, untrusted, servername, reason, error } = JSON.parse(line) as Record<string, unknown>;
  if (untrusted === true) {
    const what = `${name}, for ${String(servername)}: ${String(reason)}`;
    const injector = injectorOfServerName(String(servername), OPERATOR_NAMESPACE) ?? '';
    figures.refusals.push({ replica: name, injector, at: performance.now(), what });
  } else if (level === 'error') figures.complain(`${String(message)}: ${JSON.stringify(error)?.slice(0, 300)}`);
};
