/**
 * Counts the pods of every injector, and writes status.pods when a count changed: not for every pod, but at most once in a
 * while for an injector. Only the leader does.
 */
import { PODS_FIELD_MANAGER } from '../../api/v1alpha1/names.ts';
import type { PodCounts, SidecarInjectorStatus } from '../../api/v1alpha1/types.ts';
import { canonicalJson } from '../../domain/json.ts';
import { countPods, POD_STATES } from '../../domain/pods.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isNotFound } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/objects.ts';
import { RESOURCES } from '../../kube/resources.ts';
import { apply } from '../../kube/verbs.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Pace } from '../../runtime/pace.ts';
import type { InjectorObject } from '../caches.ts';
import { takeCensus, type Census, type CensusParts } from './census.ts';
import { runPodLoop } from './loop.ts';

export interface PodsOptions extends CensusParts {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** Called with each census. */
  onCensus?: (injector: InjectorObject, census: Census) => void;
}

const NAME = 'pods';
/** How often the pods of an injector are counted, and its status is written for it, while they come and go. */
const PACE = { burst: 8, everyMs: 5_000 };

/** Counts until the signal aborts. */
export async function countAll(options: PodsOptions, signal: AbortSignal): Promise<void> {
  const { caches, podCaches, clock, log, metrics } = options;
  const counted = new Map<string, { pace: Pace; namespaces: ReadonlySet<string> }>();
  const waitMs = (injector: string): number => counted.get(injector)?.pace.waitMs(clock.monotonic()) ?? 0;
  const selected = (injector: string): ReadonlySet<string> | undefined => counted.get(injector)?.namespaces;
  const reconcile = async (name: string, within: AbortSignal): Promise<object> => {
    const injector = caches.injectors.get(name);
    if (injector === undefined || injector.metadata.deletionTimestamp !== undefined) {
      counted.delete(name);
      options.known.forget(name);
      return {};
    }
    const census = await takeCensus(options, injector);
    const { pace } = counted.get(name) ?? { pace: new Pace(PACE) };
    pace.take(clock.monotonic());
    counted.set(name, { pace, namespaces: census.namespaces });
    await report(options, injector, countPods(census.pods.map(({ state }) => state)), within);
    options.onCensus?.(injector, census);
    return {};
  };
  await runPodLoop({ name: NAME, caches, podCaches, selected, waitMs, reconcile, clock, log, metrics }, signal);
}

async function report(
  { client, metrics }: PodsOptions,
  injector: InjectorObject,
  counts: PodCounts,
  signal: AbortSignal,
): Promise<void> {
  const { name } = injector.metadata;
  for (const state of POD_STATES) metrics.set('pods', { injector: name, state }, counts[state]);
  if (canonicalJson(counts) === canonicalJson(injector.status?.pods)) return;
  await writeStatusPart(client, injector, PODS_FIELD_MANAGER, { pods: counts }, signal);
}

/** Applies a part of the status under a field manager of its own: the rest of the status has another writer. */
export async function writeStatusPart(
  client: KubeClient,
  { apiVersion, kind, metadata }: InjectorObject,
  fieldManager: string,
  status: SidecarInjectorStatus,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid } = metadata;
  // With the uid the write fails when the object was deleted and made anew meanwhile.
  const object: KubeObject & { status: SidecarInjectorStatus } = {
    apiVersion,
    kind,
    metadata: { name, ...(uid !== undefined && { uid }) },
    status,
  };
  try {
    await apply(client, RESOURCES.sidecarInjectors, object, { subresource: 'status', fieldManager, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
