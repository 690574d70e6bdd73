/** Which pods an injector is about, and what each is to it: from the caches, without a call. */
import { setImmediate as breathe } from 'node:timers/promises';
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { OperatorFacts } from '../../domain/plan-objects.ts';
import { viewPod, type PodFacts, type PodView } from '../../domain/pods.ts';
import { selectorMatches } from '../../domain/selector.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { Caches, LeaderCaches } from '../caches.ts';
import { BY_NAMESPACE } from './keep.ts';

export interface CensusParts {
  caches: Pick<Caches, 'injectors' | 'namespaces'>;
  podCaches: Pick<LeaderCaches, 'pods' | 'hostPods'>;
  operator: OperatorFacts;
  known: KnownViews;
}

export interface CountedPod extends PodFacts, PodView {}

export interface Census {
  /** The namespaces that the selector matches. */
  namespaces: ReadonlySet<string>;
  /** All pods of these, but for those that are being deleted. */
  pods: readonly CountedPod[];
}

/** Admission is served by the same thread: it must not wait for the first look at thousands of pods. */
const AT_A_TIME = 200;

/** Looks at all pods that the injector may be about. */
export async function takeCensus(
  { caches, podCaches, operator, known }: CensusParts,
  injector: SidecarInjector,
): Promise<Census> {
  const { namespaceSelector } = selectionOf(injector);
  const revision = injector.status?.template?.revision;
  const context = { excludedNamespaces: [operator.namespace] };
  const views = known.of(injector);
  const namespaces = new Set<string>();
  const pods: CountedPod[] = [];
  let fresh = 0;
  for (const { metadata } of caches.namespaces.list()) {
    const labels = metadata.labels ?? NO_LABELS;
    if (!selectorMatches(namespaceSelector, labels)) continue;
    namespaces.add(metadata.name);
    for (const hostNetwork of [false, true]) {
      const cache = hostNetwork ? podCaches.hostPods : podCaches.pods;
      for (const pod of cache.byIndex(BY_NAMESPACE, metadata.name)) {
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        let view = views.get(pod);
        if (view?.labels !== labels) {
          const facts = factsOf(pod, hostNetwork);
          view = { labels, counted: { ...facts, ...viewPod(facts, injector, { labels }, revision, context) } };
          views.set(pod, view);
          fresh += 1;
          if (fresh % AT_A_TIME === 0) await breathe();
        }
        pods.push(view.counted);
      }
    }
  }
  return { namespaces, pods };
}

const NO_LABELS: Readonly<Record<string, string>> = {};

type Views = WeakMap<KubeObject, { labels: object; counted: CountedPod }>;

/** What pods were found to be, as long as neither they nor their namespace nor what the injector selects has changed. */
export class KnownViews {
  readonly #views = new Map<string, { subject: string; views: Views }>();

  of({ metadata, status }: SidecarInjector): Views {
    const subject = JSON.stringify([metadata.uid, metadata.generation, status?.template?.revision]);
    const known = this.#views.get(metadata.name);
    if (known?.subject === subject) return known.views;
    const views: Views = new WeakMap();
    this.#views.set(metadata.name, { subject, views });
    return views;
  }

  forget(injector: string): void {
    this.#views.delete(injector);
  }
}

function factsOf({ metadata }: KubeObject, hostNetwork: boolean): PodFacts {
  const { namespace = '', name, uid = '', labels = {}, annotations = {}, creationTimestamp } = metadata;
  return {
    namespace,
    name,
    uid,
    labels,
    annotations,
    hostNetwork,
    controller: metadata.ownerReferences?.[0],
    createdAt: Date.parse(creationTimestamp ?? '') || 0,
  };
}
