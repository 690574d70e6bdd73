/**
 * Every metric of the operator, in one table. Labels are bounded: names of SidecarInjectors (few, and forgotten with the
 * object), resources, fixed words; never a pod, a namespace or a message. Sets start at zero, so that the first event
 * is an increase and not the birth of a series.
 */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { POD_STATES } from '../domain/pods.ts';
import { REASONS } from '../domain/reasons.ts';
import { STORED_PHASES } from '../domain/rollover.ts';
import { PHASES, STEPS } from '../domain/steps.ts';
import { VERSION } from '../version.ts';

const PREFIX = 'sidecar_injector_';

/** name -> [kind, help, labels, buckets]. docs/reference/metrics.md is made of it. */
const TABLE = {
  build_info: ['gauge', 'Version of this build; always 1.', ['version']],
  leader: ['gauge', '1 while this replica holds the Lease.', []],

  admission_decisions_total: [
    'counter',
    'Decisions about pods by their reason code; dry_run is true for requests that change nothing.',
    ['injector', 'decision', 'reason', 'dry_run'],
  ],
  admission_duration_seconds: [
    'histogram',
    'Time from the whole request to the whole answer of an admission review.',
    ['injector'],
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
  ],
  admission_refused_total: ['counter', 'Admission requests that got no review, by HTTP status.', ['code']],
  tls_client_errors_total: [
    'counter',
    'TLS handshakes that failed; untrusted means that the API server does not trust what is served.',
    ['injector', 'reason'],
  ],

  api_requests_total: [
    'counter',
    'Calls to the API server by HTTP status; error, timeout and aborted where there was none.',
    ['method', 'resource', 'code'],
  ],
  api_request_duration_seconds: [
    'histogram',
    'Time of calls to the API server; of a watch, until it is open.',
    ['method', 'resource'],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  ],
  api_warnings_total: ['counter', 'Warning headers of the API server.', []],
  events_dropped_total: ['counter', 'Events that were not written: too many, or refused.', []],

  watch_restarts_total: ['counter', 'Watches opened again, by why the one before ended.', ['resource', 'reason']],
  watch_lists_total: ['counter', 'Full lists of a resource; the first one counts.', ['resource']],
  watch_events_total: ['counter', 'Events received by a watch.', ['resource']],
  watch_last_event_timestamp_seconds: ['gauge', 'When a watch last received something.', ['resource']],
  cache_objects: ['gauge', 'Objects in a cache.', ['resource']],
  cache_listener_errors_total: ['counter', 'Listeners of a cache that failed: a defect.', ['resource']],

  queue_depth: ['gauge', 'Keys that wait for a worker.', ['queue']],
  queue_adds_total: ['counter', 'Keys added to a queue; several adds of one key are worked on once.', ['queue']],
  queue_retries_total: ['counter', 'Keys planned again after a failure.', ['queue']],
  queue_wait_seconds: [
    'histogram',
    'Time that a ready key waits for a worker.',
    ['queue'],
    [0.001, 0.01, 0.1, 1, 10, 60],
  ],
  reconcile_total: ['counter', 'Reconciles by result.', ['controller', 'result']],
  reconcile_duration_seconds: [
    'histogram',
    'Time of one reconcile.',
    ['controller'],
    [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
  ],
  reconcile_active: ['gauge', 'Workers that are reconciling now.', ['controller']],

  injector_ready: ['gauge', '1 while the condition Ready of a SidecarInjector is True.', ['injector']],
  certificate_expiry_timestamp_seconds: ['gauge', 'When the serving certificate expires.', ['injector']],
  certificate_authority_expiry_timestamp_seconds: [
    'gauge',
    'When the last of the authorities expires that the serving certificate is trusted by.',
    ['injector'],
  ],
  certificate_renewal_timestamp_seconds: ['gauge', 'When the serving certificate will be renewed.', ['injector']],
  rollover_steps_total: [
    'counter',
    'Steps of changes of the certificate authority, by the phase that begins.',
    ['injector', 'phase'],
  ],
  pods: ['gauge', 'Pods that have not ended, by what they are to a SidecarInjector.', ['injector', 'state']],
  rollout_evictions_total: [
    'counter',
    'Evictions of outdated or missed pods that were tried, by what came of it; held by a disruption budget.',
    ['injector', 'result'],
  ],
  rollover_phase: [
    'gauge',
    '1 for the phase in which a change of the certificate authority is; the leader tells.',
    ['injector', 'phase'],
  ],
  last_verified_handshake_timestamp_seconds: [
    'gauge',
    'When this replica last dialled itself by the Service name of a SidecarInjector and verified what it got with the published caBundle; 0 for never.',
    ['injector'],
  ],
  step_failures_total: [
    'counter',
    'Steps of the work for a SidecarInjector that failed; they are tried again.',
    ['injector', 'step'],
  ],
  clock_skew_seconds: ['gauge', "How far the API server's clock is ahead of this one; whole seconds.", []],
  certificate_issues_total: ['counter', 'Certificates asked for, by how it ended.', ['injector', 'result']],
} as const satisfies Record<string, Row>;

type Row = readonly [
  kind: 'counter' | 'gauge' | 'histogram',
  help: string,
  labels: readonly string[],
  buckets?: readonly number[],
];

type Name = keyof typeof TABLE;
type Labels<N extends Name> = Record<(typeof TABLE)[N][2][number], string>;
type OfKind<K extends Row[0]> = { [N in Name]: (typeof TABLE)[N][0] extends K ? N : never }[Name];

/** The names, kinds and labels of all metrics, for the documentation. */
export const metricNames = (): { name: string; kind: string; help: string; labels: readonly string[] }[] =>
  Object.entries(TABLE).map(([name, [kind, help, labels]]) => ({ name: PREFIX + name, kind, help, labels }));

const RESTARTS = ['closed', 'gone', 'network', 'refused', 'bad-data'];
const RESULTS = ['success', 'requeue', 'error'];
const REFUSALS = ['400', '404', '405', '413', '415', '422', '429', '500', '503'];
const TLS_REASONS = ['untrusted', 'other'];
/** Where a handshake named no SidecarInjector that we know: the name comes from outside. */
const UNKNOWN = 'unknown';
const EVICTIONS = ['evicted', 'held', 'gone', 'not_permitted', 'failed'];
/** With no label but the injector's. */
const INJECTOR_GAUGES = [
  'injector_ready',
  'certificate_expiry_timestamp_seconds',
  'certificate_authority_expiry_timestamp_seconds',
  'certificate_renewal_timestamp_seconds',
  'last_verified_handshake_timestamp_seconds',
];
const ISSUES = ['issued', 'denied', 'failed', 'unusable'];

export class Metrics {
  readonly #registry = new Registry();
  readonly #injectors = new Set<string>();
  readonly #controllers = new Set<string>();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(options: { defaults?: boolean } = {}) {
    for (const [key, row] of Object.entries<Row>(TABLE)) {
      const [kind, help, labels, buckets = []] = row;
      const common = { name: PREFIX + key, help, labelNames: [...labels], registers: [this.#registry] };
      if (kind === 'counter') this.#counters.set(key, new Counter(common));
      else if (kind === 'gauge') this.#gauges.set(key, new Gauge(common));
      else this.#histograms.set(key, new Histogram({ ...common, buckets: [...buckets] }));
    }
    this.set('leader', {}, 0);
    this.set('clock_skew_seconds', {}, 0);
    for (const name of ['api_warnings_total', 'events_dropped_total'] as const) this.count(name, {}, 0);
    this.set('build_info', { version: VERSION }, 1);
    const nobody = { injector: '', decision: REASONS.unknown_injector.action, reason: 'unknown_injector' };
    for (const dry_run of ['true', 'false']) this.count('admission_decisions_total', { ...nobody, dry_run }, 0);
    for (const code of REFUSALS) this.count('admission_refused_total', { code }, 0);
    for (const reason of TLS_REASONS) this.count('tls_client_errors_total', { injector: UNKNOWN, reason }, 0);
    if (options.defaults !== false) collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds to a counter. */
  count<N extends OfKind<'counter'>>(name: N, labels: Labels<N>, by = 1): void {
    this.#counters.get(name)?.inc(labels, by);
  }

  /** Sets a gauge. */
  set<N extends OfKind<'gauge'>>(name: N, labels: Labels<N>, value: number): void {
    this.#gauges.get(name)?.set(labels, value);
  }

  /** Adds one observation to a histogram. */
  observe<N extends OfKind<'histogram'>>(name: N, labels: Labels<N>, value: number): void {
    this.#histograms.get(name)?.observe(labels, value);
  }

  /** Starts all series of one SidecarInjector at zero. Calling it again changes nothing. */
  startInjector(injector: string): void {
    // Zeroing a histogram again would forget what it holds.
    if (this.#injectors.has(injector)) return;
    this.#injectors.add(injector);
    for (const [reason, { action: decision }] of Object.entries(REASONS)) {
      for (const dry_run of ['true', 'false']) {
        this.count('admission_decisions_total', { injector, decision, reason, dry_run }, 0);
      }
    }
    this.#histograms.get('admission_duration_seconds')?.zero({ injector });
    for (const reason of TLS_REASONS) this.count('tls_client_errors_total', { injector, reason }, 0);
    for (const phase of STORED_PHASES) this.count('rollover_steps_total', { injector, phase }, 0);
    for (const result of EVICTIONS) this.count('rollout_evictions_total', { injector, result }, 0);
    for (const state of POD_STATES) this.#gauges.get('pods')?.inc({ injector, state }, 0);
    for (const phase of PHASES) this.#gauges.get('rollover_phase')?.inc({ injector, phase }, 0);
    for (const step of STEPS) this.count('step_failures_total', { injector, step }, 0);
    for (const gauge of INJECTOR_GAUGES) this.#gauges.get(gauge)?.inc({ injector }, 0);
    for (const result of ISSUES) this.count('certificate_issues_total', { injector, result }, 0);
  }

  /** Ends all series of one SidecarInjector. */
  async forgetInjector(injector: string): Promise<void> {
    this.#injectors.delete(injector);
    for (const metric of [...this.#counters.values(), ...this.#gauges.values(), ...this.#histograms.values()]) {
      for (const { labels } of (await metric.get()).values) {
        if (labels['injector'] !== injector) continue;
        // Histograms list their buckets; `le` is no label of the series.
        const { le: _, ...series } = labels as Record<string, string | number>;
        metric.remove(series);
      }
    }
  }

  /** Starts the series of a cache at zero. */
  startCache(resource: string): void {
    for (const reason of RESTARTS) this.count('watch_restarts_total', { resource, reason }, 0);
    this.count('watch_lists_total', { resource }, 0);
    this.count('watch_events_total', { resource }, 0);
    this.count('cache_listener_errors_total', { resource }, 0);
    this.set('cache_objects', { resource }, 0);
  }

  /** Starts the series of a controller and its queue, which share their name, at zero. Calling it again changes nothing. */
  startController(name: string): void {
    if (this.#controllers.has(name)) return;
    this.#controllers.add(name);
    for (const result of RESULTS) this.count('reconcile_total', { controller: name, result }, 0);
    this.#histograms.get('reconcile_duration_seconds')?.zero({ controller: name });
    this.set('reconcile_active', { controller: name }, 0);
    this.set('queue_depth', { queue: name }, 0);
    this.count('queue_adds_total', { queue: name }, 0);
    this.count('queue_retries_total', { queue: name }, 0);
    this.#histograms.get('queue_wait_seconds')?.zero({ queue: name });
  }

  /** For `createAdmissionServer`. */
  readonly admission = {
    decided: (event: { injector: string; action: string; reason: string; dryRun: boolean; seconds: number }): void => {
      const { injector, action: decision, reason, dryRun, seconds } = event;
      this.count('admission_decisions_total', { injector, decision, reason, dry_run: String(dryRun) });
      this.observe('admission_duration_seconds', { injector }, seconds);
    },
    refused: ({ status }: { status: number }): void => this.count('admission_refused_total', { code: String(status) }),
    handshakeFailed: ({ servername, untrusted }: { servername: string; untrusted: boolean }): void => {
      const [service = ''] = servername.split('.', 1);
      const name = service.replace(/^sidecar-injector-/, '');
      const injector = this.#injectors.has(name) ? name : UNKNOWN;
      this.count('tls_client_errors_total', { injector, reason: untrusted ? 'untrusted' : 'other' });
    },
  };

  /** For `createKubeClient`. */
  readonly client = {
    apiCall: (call: { method: string; resource: string; code: string; seconds: number }): void => {
      const { method, resource, code, seconds } = call;
      // Which pairs exist shows only as they come; their failures then start at zero.
      for (const bad of ['error', 'timeout']) this.count('api_requests_total', { method, resource, code: bad }, 0);
      this.count('api_requests_total', { method, resource, code });
      this.observe('api_request_duration_seconds', { method, resource }, seconds);
    },
  };

  /** For `ResourceCache`. */
  readonly cache = {
    watchRestart: (resource: string, reason: string): void => this.count('watch_restarts_total', { resource, reason }),
    relist: (resource: string): void => this.count('watch_lists_total', { resource }),
    event: (resource: string): void => {
      this.count('watch_events_total', { resource });
      this.set('watch_last_event_timestamp_seconds', { resource }, Date.now() / 1000);
    },
    objects: (resource: string, count: number): void => this.set('cache_objects', { resource }, count),
    listenerError: (resource: string): void => this.count('cache_listener_errors_total', { resource }),
  };

  /** For `WorkQueue`. */
  readonly queue = {
    depth: (queue: string, depth: number): void => this.set('queue_depth', { queue }, depth),
    added: (queue: string): void => this.count('queue_adds_total', { queue }),
    retried: (queue: string): void => this.count('queue_retries_total', { queue }),
    waited: (queue: string, seconds: number): void => this.observe('queue_wait_seconds', { queue }, seconds),
  };

  /** For `runController`. */
  readonly controller = {
    reconciled: (controller: string, result: string, seconds: number): void => {
      this.count('reconcile_total', { controller, result });
      this.observe('reconcile_duration_seconds', { controller }, seconds);
    },
    active: (controller: string, workers: number): void => this.set('reconcile_active', { controller }, workers),
  };

  /** For `runLeaderElection`. */
  readonly leader = {
    leading: (isLeader: boolean): void => this.set('leader', {}, isLeader ? 1 : 0),
  };

  /** The page that Prometheus reads. */
  async text(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
