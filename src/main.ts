/** The executable: reads the configuration, builds the graph, runs until a signal. The only file that wires. */
import { ClientAuthority } from './admission/clients.ts';
import { createAdmissionServer, type AdmissionServer } from './admission/server.ts';
import { injectionOf } from './api/v1alpha1/defaults.ts';
import { invocation, runCli } from './cli/index.ts';
import { parseCommand, type Config } from './config.ts';
import { isExpectedWarning } from './controllers/expected-warnings.ts';
import { createCaches, createLeaderCaches, type Caches, type CacheSettings } from './controllers/caches.ts';
import { Kubelets } from './controllers/kubelets.ts';
import { lead, type LeadOptions } from './controllers/leader.ts';
import { ownAddress, reachableAddress } from './controllers/serving/address.ts';
import { Refusals } from './controllers/serving/refusals.ts';
import { Newcomers } from './controllers/serving/newcomers.ts';
import { SelfCheck } from './controllers/serving/self-check.ts';
import { Reporter } from './controllers/serving/reporter.ts';
import { followAnnotations } from './controllers/serving/annotations.ts';
import { Serving } from './controllers/serving/serving.ts';
import { WEBHOOK_PORT_NAME, type OperatorFacts } from './domain/plan-objects.ts';
import { pacedTiming } from './domain/rollover.ts';
import { describeError, operatorError, OperatorError } from './errors.ts';
import { createKubeClient } from './kube/client.ts';
import { loadKubeConfig } from './kube/connection.ts';
import { EventRecorder } from './kube/events.ts';
import { LeaseLock } from './kube/lease.ts';
import { createHealthServer, type HealthServer } from './observe/health.ts';
import { createLogger, type Logger } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { clockOf, systemClock } from './runtime/clock.ts';
import { LEADER_TIMING, runLeaderElection } from './runtime/leader.ts';
import { Shutdown, stopOnSignals } from './runtime/shutdown.ts';
import { ClockSkew } from './runtime/skew.ts';
import { VERSION } from './version.ts';

async function runOperator(config: Config): Promise<number> {
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  log.info('starting', {
    version: VERSION,
    node: process.version,
    namespace: config.namespace,
    replica: config.identity,
  });
  const shutdown = new Shutdown(log);
  stopOnSignals(shutdown, log);
  try {
    await startOperator(config, log, shutdown);
  } catch (error) {
    log.error('cannot start', { error });
    shutdown.request(describeError(error), 1);
  }
  return shutdown.done;
}

async function startOperator(config: Config, log: Logger, shutdown: Shutdown): Promise<void> {
  const metrics = new Metrics();
  const skew = new ClockSkew();
  const clock = clockOf(() => skew.now());
  const client = createKubeClient({
    load: loadKubeConfig(config.kubeconfig),
    observer: metrics.client,
    onDate: (header, sent, received) => {
      skew.note(header, sent, received);
      metrics.set('clock_skew_seconds', {}, Math.round(skew.ms / 1000));
    },
    onWarning: (warning, call) => {
      if (isExpectedWarning(warning, call)) return;
      metrics.count('api_warnings_total', {});
      log.warn('the API server warns', { warning, ...call });
    },
  });
  shutdown.onStop('client', () => client.close());

  const health = createHealthServer({ port: config.healthPort, metrics });
  const settings = {
    client,
    namespace: config.namespace,
    log,
    metrics: { ...metrics.cache, start: (resource: string) => metrics.startCache(resource) },
  };
  const caches = createCaches(settings);
  followInjectors(caches, metrics);

  const graph: { serving?: Serving } = {};
  const refusals = new Refusals(config.namespace);
  const wanted = (): boolean =>
    caches.injectors.list().some((injector) => injectionOf(injector).sidecarMode === 'Auto');
  const kubelets = new Kubelets({ client, clock, log, wanted });
  const clients = await readClientAuthority(config, log);
  const newcomers = new Newcomers(caches.injectors, clock);
  const answering = { caches, log, metrics, refusals, kubelets, clients, newcomers, serving: () => graph.serving };
  const server = serveAdmission(config, answering);
  const { port } = await server.listen();
  const operator: OperatorFacts = {
    namespace: config.namespace,
    webhookPort: config.inCluster ? WEBHOOK_PORT_NAME : port,
    webhookUrl: config.webhookUrl,
  };
  const timing = pacedTiming(config.rolloverPace);
  const replica = { name: config.identity, host: reachableAddress(config.webhookHost), port };
  const { emergencySettleMs: settleMs } = timing;
  const clientAuthorities = clients && (() => clients.certificates);
  const serving = new Serving({ caches, operator, clock, log, replica, refusals, settleMs, clientAuthorities });
  graph.serving = serving;
  if (config.webhookUrl !== undefined) serveDefaultIdentity(serving, server, clients);

  const following = new AbortController();
  if (clients !== undefined) shutdown.supervise('authorities of clients', clients.run(following.signal));
  for (const cache of Object.values(caches)) shutdown.supervise(`cache of ${cache.name}`, cache.run(following.signal));
  shutdown.supervise('kubelets', kubelets.run(following.signal));
  shutdown.onStop('caches', () => following.abort());
  shutdown.onStop('serving', serving.start());
  startReporting({ client, serving, log }, config.namespace, refusals, shutdown);

  addHealthChecks(health, serving, log);
  health.addCheck('kubelets', () => kubelets.unreadiness());
  const healthAddress = await health.listen();
  shutdown.onStop('health', () => health.close());
  shutdown.onStop('admission', (signal) => server.drain(signal), DRAIN_TIMEOUT_MS(config));
  startLeading(
    config,
    { client, caches, settings, serving, operator, clock, log, metrics, timing, skewMs: () => skew.ms },
    shutdown,
  );
  startSelfCheck(
    { serving, operator, clock, host: ownAddress(config.webhookHost), port, log, metrics, health },
    shutdown,
  );
  shutdown.onStop('readiness', () => health.drain());
  log.info('started', { webhookPort: port, healthPort: healthAddress.port, server: client.server });
}

/** It goes on while admission drains: the leader must know of whoever serves. */
function startReporting(
  { client, serving, log }: Pick<LeadOptions, 'client' | 'serving' | 'log'>,
  namespace: string,
  refusals: Refusals,
  shutdown: Shutdown,
): void {
  // Leases carry the holder's own time: doctor tells by them whose clock is wrong.
  const reporter = new Reporter({ client, namespace, report: () => serving.report(), clock: systemClock, log });
  serving.onReport(() => reporter.poke());
  refusals.onChange(() => reporter.poke());
  const stopping = new AbortController();
  const reporting = reporter.run(stopping.signal);
  shutdown.supervise('report', reporting);
  shutdown.onStop('report', async () => {
    stopping.abort();
    await reporting;
  });
}

/** The drain itself is bounded by its own limits; this is for when it hangs. */
const DRAIN_TIMEOUT_MS = ({ drainSeconds }: Config): number => drainSeconds * 1000 + 15_000;

async function readClientAuthority(config: Config, log: Logger): Promise<ClientAuthority | undefined> {
  const { clientCaFile: file, clientNames: names } = config;
  if (file === undefined) return undefined;
  try {
    return await ClientAuthority.read({ file, names, log });
  } catch (cause) {
    throw operatorError('SI1001', { problems: `--client-ca-file: ${describeError(cause)}` }, { cause });
  }
}

interface AnsweringParts {
  caches: Caches;
  log: Logger;
  metrics: Metrics;
  refusals: Refusals;
  kubelets: Kubelets;
  clients: ClientAuthority | undefined;
  newcomers: Newcomers;
  /** Undefined while the graph is being built. */
  serving: () => Serving | undefined;
}

function serveAdmission(
  config: Config,
  { caches, log, metrics, refusals, kubelets, clients, newcomers, serving }: AnsweringParts,
): AdmissionServer {
  const annotations = followAnnotations(caches.injectors);
  newcomers.start();
  return createAdmissionServer({
    host: config.webhookHost,
    port: config.webhookPort,
    clients,
    secureContext: (servername) => serving()?.contextFor(servername),
    injector: (name) => serving()?.injector(name),
    mayCome: (name) => newcomers.mayCome(name),
    synced: () => serving()?.synced ?? false,
    context: () => ({
      excludedNamespaces: [config.namespace],
      otherAnnotations: annotations(),
      nativeSidecars: kubelets.nativeSidecars,
    }),
    log,
    observer: {
      ...metrics.admission,
      handshakeFailed: (event) => {
        metrics.admission.handshakeFailed(event);
        refusals.note(event);
      },
    },
    drain: { maxMs: config.drainSeconds * 1000 },
  });
}

/** Go sends no server name for an IP address; then one certificate has to do for all (Serving.defaultIdentity). */
function serveDefaultIdentity(serving: Serving, server: AdmissionServer, clients: ClientAuthority | undefined): void {
  const serve = (): void => {
    const { key, certificate: cert } = serving.defaultIdentity()?.state ?? {};
    if (key === undefined || cert === undefined) return;
    server.useDefaultIdentity({ key, cert, ...(clients && { ca: clients.certificates }) });
  };
  serving.onChange(serve);
  clients?.onChange(serve);
}

/** The series of an injector live as long as the injector. */
function followInjectors(caches: Caches, metrics: Metrics): void {
  caches.injectors.onChange(({ type, object }) => {
    if (type === 'deleted') void metrics.forgetInjector(object.metadata.name);
    else metrics.startInjector(object.metadata.name);
  });
}

function addHealthChecks(health: HealthServer, serving: Serving, log: Logger): void {
  let told = '';
  health.addCheck('serving', () => {
    const reasons = serving.unreadiness().join('; ');
    if (reasons !== told) log.info(reasons === '' ? 'ready' : 'not ready', { reasons });
    told = reasons;
    return reasons === '' ? undefined : reasons;
  });
}

/** It ends before admission drains: a connection of its own is no sign that API servers still call. */
function startSelfCheck(
  parts: Pick<LeadOptions, 'serving' | 'operator' | 'clock' | 'log' | 'metrics'> & {
    host: string;
    port: number;
    health: HealthServer;
  },
  shutdown: Shutdown,
): void {
  const { serving, operator, clock, host, port, log, metrics, health } = parts;
  const verified = (injector: string): void =>
    metrics.set('last_verified_handshake_timestamp_seconds', { injector }, clock.now() / 1000);
  const { namespace } = operator;
  const selfCheck = new SelfCheck({ host, port, namespace, called: () => serving.called(), clock, log, verified });
  serving.onReport(() => selfCheck.poke());
  health.addCheck('handshakes', () => selfCheck.failures().join('; ') || undefined);
  const stopping = new AbortController();
  shutdown.supervise('self check', selfCheck.run(stopping.signal));
  shutdown.onStop('self check', () => stopping.abort());
}

type LeadingParts = Pick<
  LeadOptions,
  'client' | 'caches' | 'serving' | 'operator' | 'clock' | 'log' | 'metrics' | 'timing' | 'skewMs'
> & {
  settings: CacheSettings;
};

function startLeading(config: Config, { settings, ...parts }: LeadingParts, shutdown: Shutdown): void {
  const { client, clock, log, metrics } = parts;
  const events = new EventRecorder({
    client,
    log,
    instance: config.identity,
    now: () => clock.now(),
    onDrop: () => metrics.count('events_dropped_total', {}),
  });
  shutdown.onStop('events', () => events.close());
  const work = (signal: AbortSignal): Promise<void> =>
    lead({ ...parts, followed: () => createLeaderCaches(settings), events, pace: config.rolloverPace }, signal);
  const stopping = new AbortController();
  const lock = new LeaseLock({
    client,
    namespace: config.namespace,
    name: config.leaseName,
    identity: config.identity,
    durationSeconds: LEADER_TIMING.leaseMs / 1000,
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
  });
  const leading = config.leaderElect
    ? runLeaderElection({ lock, clock, log, lead: work, observer: metrics.leader }, stopping.signal)
    : work(stopping.signal);
  shutdown.supervise('leader', leading);
  shutdown.onStop('leader', async () => {
    stopping.abort(new Error('the process stops'));
    await leading;
  });
}

async function main(): Promise<number> {
  const { program, argv } = invocation(process.argv);
  const [name, ...flags] = argv;
  if (name !== 'operator') {
    const { stdin, stdout, stderr, env } = process;
    return runCli(argv, { stdin, stdout, stderr, env, program });
  }
  const command = parseCommand(flags, process.env, { tty: process.stderr.isTTY });
  if (command.kind === 'operator') return runOperator(command.config);
  process.stdout.write(command.text);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${describeError(error)}\n${error instanceof OperatorError ? `${error.fix}\n` : ''}`);
  process.exitCode = 1;
}
