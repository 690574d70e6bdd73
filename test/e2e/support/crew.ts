/**
 * Replicas of which one leads, one waits to lead, and one serves admission and never leads: so a leader that is killed takes
 * no call of admission along, and what fails then is the operator's fault. The webhook is published by the URL of the one that
 * serves, which every cluster can reach.
 */

import { replicaLeaseName } from '../../../src/domain/replica.ts';
import type { Lease } from '../../../src/kube/objects.ts';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { get, remove } from '../../../src/kube/verbs.ts';
import { until } from '../../support/until.ts';
import type { Environment } from './environment.ts';
import { OPERATOR_NAMESPACE } from './installation.ts';
import { freePort, startOperator, type RunningOperator } from './operator.ts';
import { openProxy, type ApiCall, type ApiProxy, type Fate } from './proxy.ts';

const LEASE = { name: 'sidecar-injector', namespace: OPERATOR_NAMESPACE };
/** A replica that waits asks every two seconds. */
const SUCCESSION_MS = 20_000;

export interface Member {
  readonly name: string;
  readonly process: RunningOperator;
  readonly proxy: ApiProxy;
  /** What is done with its writes from now on; nothing by default. */
  rules: { decide?: (call: ApiCall) => Fate; answered?: (call: ApiCall) => void };
}

export interface CrewOptions {
  environment: Environment;
  /** As of startOperator. */
  program?: string | undefined;
  /** More flags for the operator. */
  argv?: readonly string[];
}

const takesTheLead = ({ path, body }: ApiCall): boolean =>
  path.includes('/leases') && (JSON.parse(body.toString()) as Lease).metadata.name === LEASE.name;

export class Crew {
  readonly #options: CrewOptions;
  #members: Member[] = [];
  #started = 0;
  #port = 0;

  private constructor(options: CrewOptions) {
    this.#options = options;
  }

  /** Starts all three and waits until one of them leads. */
  static async start(options: CrewOptions): Promise<Crew> {
    const crew = new Crew(options);
    crew.#port = await freePort();
    // By its name the one that serves is the first canary: what it serves then is what pods depend on.
    await crew.#add('a-serves', crew.#port, (call) => !takesTheLead(call));
    // One after the other: each has its own time to become ready, also on a busy machine.
    await crew.reinforce();
    await crew.reinforce();
    await crew.leader();
    return crew;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** The one that leads now; waits until one does. */
  async leader(): Promise<Member> {
    return until(
      'somebody leads',
      async () => {
        const lease = await get<Lease>(this.#options.environment.client, RESOURCES.leases, LEASE);
        return this.#members.find(({ name }) => name === lease?.spec?.holderIdentity);
      },
      { timeoutMs: SUCCESSION_MS },
    );
  }

  /** Starts one more that waits to lead. */
  async reinforce(): Promise<void> {
    this.#started += 1;
    await this.#add(`leads-${this.#started}`, undefined, () => true);
  }

  /** Kills it as a crash does: at once, without a word. */
  kill({ process }: Member): void {
    process.process.kill('SIGKILL');
  }

  /** Time goes on: whoever was killed is forgotten, as if its Leases had run out, and another one will lead. */
  async bury(dead: Member): Promise<void> {
    const { client } = this.#options.environment;
    this.#members = this.#members.filter((member) => member !== dead);
    await dead.process.stop('SIGKILL');
    await dead.proxy.close();
    const lease = await get<Lease>(client, RESOURCES.leases, LEASE);
    if (lease?.spec?.holderIdentity === dead.name) await remove(client, RESOURCES.leases, LEASE);
    await remove(client, RESOURCES.leases, { name: replicaLeaseName(dead.name), namespace: OPERATOR_NAMESPACE });
  }

  /** Ends all of them in good order. */
  async stop(): Promise<void> {
    for (const { process, proxy } of this.#members.splice(0)) {
      await process.stop();
      await proxy.close();
    }
  }

  async #add(name: string, port: number | undefined, allowed: (call: ApiCall) => boolean): Promise<void> {
    const { environment, program, argv = [] } = this.#options;
    const ruled: Pick<Member, 'rules'> = { rules: {} };
    const proxy = await openProxy(environment, {
      decide: (call) => {
        if (call.writes && !allowed(call)) return { status: 403 };
        return ruled.rules.decide?.(call) ?? 'Pass';
      },
      answered: (call) => ruled.rules.answered?.(call),
    });
    const process = await startOperator(environment, {
      name,
      kubeconfig: proxy.kubeconfig,
      ...(program !== undefined && { program }),
      ...(port !== undefined && { webhookPort: port }),
      argv: [`--webhook-url=https://127.0.0.1:${this.#port}`, ...argv],
    });
    this.#members.push(Object.assign(ruled, { name, process, proxy }));
  }
}
