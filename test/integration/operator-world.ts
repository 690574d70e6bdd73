/** A cluster with the operator's manifests in it, and operators that can be started, cut off and killed within it. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { createAdmissionServer } from '../../src/admission/server.ts';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { createCaches, createLeaderCaches } from '../../src/controllers/caches.ts';
import { lead } from '../../src/controllers/leader.ts';
import { Refusals } from '../../src/controllers/serving/refusals.ts';
import { Reporter } from '../../src/controllers/serving/reporter.ts';
import { Serving } from '../../src/controllers/serving/serving.ts';
import { OPERATOR_POD_LABELS } from '../../src/domain/plan-objects.ts';
import { pacedTiming } from '../../src/domain/rollover.ts';
import { createKubeClient, type KubeClient, type RequestOptions } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/connection.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { systemClock as clock } from '../../src/runtime/clock.ts';
import { startCluster, type Cluster, type ServerOptions } from '../cluster/index.ts';

export const NAMESPACE = 'sidecar-injector-system';
const ROOT = path.resolve(import.meta.dirname, '../..');
const LIMIT_MS = 20_000;

// oxlint-disable-next-line typescript/no-explicit-any -- raw JSON of the API, read field by field in assertions
export type Json = any;

export const PATHS = {
  injector: (name: string) => `/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors/${name}`,
  secret: (name: string) => `/api/v1/namespaces/${NAMESPACE}/secrets/sidecar-injector-${name}-tls`,
  service: (name: string) => `/api/v1/namespaces/${NAMESPACE}/services/sidecar-injector-${name}`,
  configuration: (name: string) =>
    `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/sidecar-injector-${name}`,
  requests: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
  revisions: `/apis/apps/v1/namespaces/${NAMESPACE}/controllerrevisions`,
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  events: '/apis/events.k8s.io/v1/events',
};

/** Waits until `read` gives a value that is not undefined or false; fails with what was last thrown or seen. */
export async function eventually<T>(
  what: string,
  read: () => Promise<T | undefined | false>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await sleep(10);
  }
}

export class World {
  readonly cluster: Cluster;
  readonly #folder: string;
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(cluster: Cluster, folder: string) {
    this.cluster = cluster;
    this.#folder = folder;
  }

  static async start(options: ServerOptions = {}): Promise<World> {
    const world = new World(
      await startCluster({ servers: [options] }),
      await mkdtemp(path.join(tmpdir(), 'operator-')),
    );
    await world.applyFiles(
      'config/namespaces/namespaces.yaml',
      'crds/*.yaml',
      'config/rbac/*.yaml',
      'config/probe/*.yaml',
    );
    await world.applyFiles('config/components/kubelet-serving/*.yaml');
    await world.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'apps', labels: { inject: 'yes' } } });
    await world.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'operator', namespace: NAMESPACE, labels: OPERATOR_POD_LABELS },
      spec: { containers: [{ name: 'operator', image: 'operator' }] },
    });
    const pod = await world.get(`${PATHS.pods(NAMESPACE)}/operator`);
    const status = {
      phase: 'Running',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    };
    await world.call('PUT', `${PATHS.pods(NAMESPACE)}/operator/status`, { ...pod, status });
    return world;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) await stop();
    await this.cluster.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** As an administrator; fails on a refusal. */
  async call(method: string, target: string, body?: unknown, contentType?: string): Promise<Json> {
    const answer = await this.cluster.client.request(
      method,
      target,
      body,
      contentType === undefined ? {} : { contentType },
    );
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Undefined when it is not there. */
  async get(target: string): Promise<Json> {
    const answer = await this.cluster.client.request('GET', target);
    return answer.status === 404 ? undefined : answer.body;
  }

  async items(target: string): Promise<Json[]> {
    return (await this.call('GET', target)).items;
  }

  /** Changes some fields of an object, as `kubectl patch --type=merge`. */
  async merge(target: string, change: unknown): Promise<Json> {
    return this.call('PATCH', target, change, 'application/merge-patch+json');
  }

  async remove(target: string): Promise<void> {
    await this.call('DELETE', target);
  }

  /** As `kubectl apply --server-side`. */
  async apply(object: Json): Promise<Json> {
    const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
    const resource = this.cluster.registry.findKind(group, version, object.kind);
    if (resource === undefined) throw new Error(`no resource ${object.apiVersion} ${object.kind}`);
    const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const namespace = resource.namespaced ? `/namespaces/${object.metadata.namespace}` : '';
    const target = `${base}${namespace}/${resource.plural}/${object.metadata.name}?fieldManager=test&force=true`;
    return this.call('PATCH', target, object, 'application/apply-patch+yaml');
  }

  async applyFiles(...patterns: string[]): Promise<void> {
    for (const file of patterns.flatMap((pattern) => globSync(pattern, { cwd: ROOT }).sort())) {
      if (path.basename(file) === 'kustomization.yaml') continue;
      for (const document of parseAllDocuments(await readFile(path.join(ROOT, file), 'utf8'))) {
        const object: Json = document.toJS();
        if (object === null) continue;
        if (object.kind === 'CustomResourceDefinition') await this.#applyDefinition(object);
        else await this.apply(object);
      }
    }
  }

  async #applyDefinition(object: Json): Promise<void> {
    await this.apply(object);
    const { group, names } = object.spec;
    await eventually(`${names.plural} is served`, async () =>
      this.cluster.registry.find(group, object.spec.versions[0].name, names.plural) === undefined ? undefined : true,
    );
  }

  /** An injector of containers, with changes to its spec. */
  async applyInjector(name: string, change: Partial<SidecarInjector['spec']> = {}): Promise<Json> {
    return this.apply({
      apiVersion: 'sidecarinjector.dev/v1alpha1',
      kind: 'SidecarInjector',
      metadata: { name },
      spec: {
        selection: { namespaceSelector: { matchLabels: { inject: 'yes' } }, policy: 'OptOut' },
        template: { containers: [{ name: `side-${name}`, image: 'sidecar:1' }] },
        ...change,
      },
    });
  }

  /** The condition of an injector. */
  async condition(name: string, type: string): Promise<Json> {
    const injector = await this.get(PATHS.injector(name));
    return injector?.status?.conditions?.find((condition: Json) => condition.type === type);
  }

  async ready(name: string): Promise<Json> {
    return eventually(`${name} is Ready`, async () => {
      const injector = await this.get(PATHS.injector(name));
      const condition = injector?.status?.conditions?.find(({ type }: Json) => type === 'Ready');
      const current = condition?.status === 'True' && condition.observedGeneration === injector.metadata.generation;
      return current && injector;
    }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify((await this.get(PATHS.injector(name)))?.status, null, 1)}`, {
        cause: error,
      });
    });
  }

  /** Containers of a pod that is created in the namespace `apps`. */
  async containersOfNewPod(name: string): Promise<string[]> {
    const pod = await this.call('POST', `${PATHS.pods('apps')}?dryRun=All`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'app', image: 'app' }] },
    });
    return pod.spec.containers.map((container: Json) => container.name);
  }

  /** An operator under its own service account and the rights of config/rbac. `wrap` may put itself between it and the API. */
  async startOperator(options: OperatorOptions = {}): Promise<Operator> {
    const file = path.join(this.#folder, `kubeconfig-${randomUUID()}`);
    const user = { serviceAccount: { namespace: NAMESPACE, name: 'sidecar-injector' } };
    await writeFile(file, await this.cluster.kubeconfigFor(user), { mode: 0o600 });
    const client = createKubeClient({ load: loadKubeConfig(file) });
    const operator = await startOperator(options.wrap?.(client) ?? client, client, options);
    this.#stops.push(() => operator.kill());
    return operator;
  }
}

export interface OperatorOptions {
  wrap?: (client: KubeClient) => KubeClient;
  leads?: boolean;
  /** How far the API server's clock is ahead. */
  skewMs?: number;
}

export interface Operator {
  serving: Serving;
  /** Where it serves admission. */
  port: number;
  /** Why it is not ready. */
  unreadiness(): string[];
  /** Ends without a word to anybody, as after `kill -9`. May be called twice. */
  kill(): Promise<void>;
}

/** The rollover takes seconds instead of minutes. */
const PACE = 200;

async function startOperator(
  client: KubeClient,
  own: KubeClient,
  { leads = true, skewMs: skew = 0 }: OperatorOptions,
): Promise<Operator> {
  const log = silentLogger;
  const metrics = new Metrics({ defaults: false });
  const settings = { client, namespace: NAMESPACE, log, metrics: { ...metrics.cache, start: () => undefined } };
  const caches = createCaches(settings);
  const graph: { serving?: Serving } = {};
  const refusals = new Refusals(NAMESPACE);
  const server = createAdmissionServer({
    host: '127.0.0.1',
    port: 0,
    secureContext: (servername) => graph.serving?.contextFor(servername),
    injector: (name) => graph.serving?.injector(name),
    synced: () => graph.serving?.synced ?? false,
    context: () => ({ excludedNamespaces: [NAMESPACE] }),
    log,
    observer: {
      ...metrics.admission,
      handshakeFailed: (event) => refusals.note(event),
    },
    drain: { quietMs: 0, maxMs: 0, inFlightMs: 0 },
  });
  const { port } = await server.listen();
  const operator = { namespace: NAMESPACE, webhookPort: port };
  const replica = { name: randomUUID(), host: '127.0.0.1', port };
  const serving = new Serving({ caches, operator, clock, log, settleMs: 20, replica, refusals });
  graph.serving = serving;
  const life = new AbortController();
  const parts = Object.values(caches).map((cache) => cache.run(life.signal));
  const stopServing = serving.start();
  const reporter = new Reporter({ client: own, namespace: NAMESPACE, report: () => serving.report(), clock, log });
  serving.onReport(() => reporter.poke());
  refusals.onChange(() => reporter.poke());
  parts.push(reporter.run(life.signal));
  const events = new EventRecorder({ client, log, instance: 'test', now: () => clock.now() });
  const followed = () => createLeaderCaches(settings);
  const timing = pacedTiming(PACE);
  const skewMs = (): number => skew;
  const common = { client, caches, followed, serving, operator, events, clock, log, metrics };
  const options = { ...common, timing, pace: PACE, skewMs };
  if (leads) parts.push(lead(options, life.signal));
  return {
    serving,
    port,
    unreadiness: () => serving.unreadiness(),
    kill: async () => {
      life.abort(new Error('killed'));
      stopServing();
      await Promise.allSettled(parts);
      await server.drain();
      await client.close();
    },
  };
}

/** A client that dies with the process after its write number `last`: the write is made, the answer is lost, nothing comes after. */
export function dyingAfter(last: number, died: () => void): (client: KubeClient) => KubeClient {
  let writes = 0;
  return (client) => ({
    server: client.server,
    namespace: client.namespace,
    request: async <T>(options: RequestOptions): Promise<T> => {
      if (writes > last) throw new Error('the process is dead');
      const isWrite =
        options.method !== undefined && options.method !== 'GET' && !options.path.includes('selfsubjectreviews');
      if (!isWrite) return client.request<T>(options);
      writes += 1;
      if (writes > last + 1) throw new Error('the process is dead');
      const answer = await client.request<T>(options);
      if (writes <= last) return answer;
      died();
      throw new Error('the process died');
    },
    stream: (options) => client.stream(options),
    close: () => client.close(),
  });
}
