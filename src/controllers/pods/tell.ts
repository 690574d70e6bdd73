/**
 * Events for people whose pods have no sidecar: on the workload, where they look, and why. One per workload and hour, however
 * many pods it has; and so many at a time, as each costs up to three reads.
 */
import { modeOf, selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { decide, type Decision } from '../../domain/decide.ts';
import { cureOf, slipOf, whyMissed } from '../../domain/missed.ts';
import { selectorMatches } from '../../domain/selector.ts';
import type { EventInput, EventRecorder } from '../../kube/events.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isForbidden } from '../../kube/errors.ts';
import type { ObjectReference, Pod } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { runController, type Result } from '../../runtime/controller.ts';
import { Pace } from '../../runtime/pace.ts';
import { WorkQueue } from '../../runtime/queue.ts';
import type { Census, CensusParts, CountedPod } from './census.ts';
import { ownersOf } from './owners.ts';

export interface TellOptions extends CensusParts {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  events: Pick<EventRecorder, 'record'>;
  /** The injector with the template that is served. */
  inForce: (injector: string) => SidecarInjector | undefined;
}

const NAME = 'untold-pods';
const AGAIN_MS = 3_600_000;
const LATER_MS = 1_000;
/** What is remembered, so that a cluster of any size costs no more. */
const MOST_REMEMBERED = 10_000;
const PACE = { burst: 20, everyMs: 1_000 };

interface Case {
  injector: string;
  pod: CountedPod;
}

export class Teller {
  readonly #options: TellOptions;
  readonly #queue: WorkQueue;
  readonly #pace = new Pace(PACE);
  readonly #cases = new Map<string, Case>();
  /** Until when nothing is told of a workload, by the monotonic clock. */
  readonly #told = new Map<string, number>();
  /** The labels that a namespace had before the last change that was seen, and when that was. */
  readonly #relabelled = new Map<string, { labels: Record<string, string>; at: number }>();

  constructor(options: TellOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: NAME, clock: options.clock, observer: options.metrics.queue });
  }

  /** Notes whom there is something to tell. Returns at once. */
  note(injector: SidecarInjector, { pods }: Census): void {
    if (modeOf(injector) !== 'Enforce') return;
    const now = this.#options.clock.monotonic();
    for (const pod of pods) {
      if (pod.state !== 'Missed' && pod.objection?.reason !== 'pod_not_asked') continue;
      const key = [injector.metadata.name, pod.controller?.uid ?? pod.uid, pod.state].join('/');
      if ((this.#told.get(key) ?? now) > now || this.#told.size >= MOST_REMEMBERED) continue;
      this.#told.set(key, now + AGAIN_MS);
      this.#cases.set(key, { injector: injector.metadata.name, pod });
      this.#queue.add(key);
    }
  }

  /** Tells until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { caches, clock, log, metrics } = this.#options;
    metrics.startController(NAME);
    const stop = caches.namespaces.onChange(({ type, object, previous }) => {
      if (type === 'deleted') this.#relabelled.delete(object.metadata.name);
      const [labels, before] = [object.metadata.labels ?? {}, previous?.metadata.labels ?? {}];
      if (type !== 'modified' || JSON.stringify(labels) === JSON.stringify(before)) return;
      this.#relabelled.set(object.metadata.name, { labels: before, at: clock.now() });
    });
    try {
      const reconcile = (key: string, within: AbortSignal): Promise<Result> => this.#work(key, within);
      await runController(
        { name: NAME, queue: this.#queue, reconcile, clock, log, observer: metrics.controller },
        signal,
      );
    } finally {
      stop();
      this.#queue.close();
    }
  }

  async #work(key: string, signal: AbortSignal): Promise<Result> {
    const { caches, clock, inForce } = this.#options;
    const now = clock.monotonic();
    const found = this.#cases.get(key);
    const injector = found && caches.injectors.get(found.injector);
    // What a pod would get is known only then.
    if (injector !== undefined && inForce(injector.metadata.name) === undefined) return { requeueAfterMs: LATER_MS };
    const requeueAfterMs = this.#pace.waitMs(now);
    if (requeueAfterMs > 0) return { requeueAfterMs };
    this.#pace.take(now);
    for (const [old, until] of this.#told) if (until <= now) this.#told.delete(old);
    if (found !== undefined && injector !== undefined) await this.#tell(injector, found.pod, signal);
    this.#cases.delete(key);
    return {};
  }

  async #tell(injector: SidecarInjector, pod: CountedPod, signal: AbortSignal): Promise<void> {
    const { client, caches, events } = this.#options;
    const { namespace, name, uid, controller } = pod;
    const owners = controller === undefined ? [] : await ownersOf(client, namespace, controller, signal);
    const related: ObjectReference = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid };
    const top = owners.at(-1)?.reference;
    const regarding: ObjectReference = top === undefined ? related : { ...reference(top), namespace };
    const record = (event: Pick<EventInput, 'reason' | 'note'>): void =>
      events.record({ regarding, related, type: 'Warning', action: 'Inject', ...event });

    if (pod.state === 'Missed') {
      const why = whyMissed({
        pod,
        injector,
        selectedAt: this.#selectedAt(injector, namespace),
        decision: await this.#decision(injector, pod, signal),
      });
      const note = `pod ${name} has no sidecar of SidecarInjector ${injector.metadata.name}: ${why}; ${cureOf(injector, why)}`;
      record({ reason: 'SidecarMissed', note });
      return;
    }
    const known = new Set(caches.injectors.list().map((each) => selectionOf(each).annotation));
    const facts = owners.map(({ reference: { kind, name }, annotations }) => ({ kind, name, annotations }));
    const slip = slipOf(pod, injector, known, facts);
    if (slip !== undefined) record(slip);
  }

  #selectedAt(injector: SidecarInjector, namespace: string): number | undefined {
    const change = this.#relabelled.get(namespace);
    if (change === undefined || selectorMatches(selectionOf(injector).namespaceSelector, change.labels))
      return undefined;
    return change.at;
  }

  /** What would become of the pod now, which its spec may tell. */
  async #decision(
    injector: SidecarInjector,
    { namespace, name, uid }: CountedPod,
    signal: AbortSignal,
  ): Promise<Decision | undefined> {
    const { client, operator, inForce } = this.#options;
    const template = inForce(injector.metadata.name);
    if (template === undefined) return undefined;
    try {
      const pod = await get<Pod>(client, RESOURCES.pods, { namespace, name }, { signal });
      if (pod?.metadata.uid !== uid) return undefined;
      const kind = { group: '', version: 'v1', kind: 'Pod' };
      const request = { uid, kind, namespace, name, operation: 'CREATE', object: pod as unknown as JsonObject };
      return decide(request, template, {}, { excludedNamespaces: [operator.namespace] });
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }
}

const reference = ({ apiVersion, kind, name, uid }: ObjectReference): ObjectReference => ({
  ...(apiVersion !== undefined && { apiVersion }),
  ...(kind !== undefined && { kind }),
  ...(name !== undefined && { name }),
  ...(uid !== undefined && { uid }),
});
