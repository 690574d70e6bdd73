/** Which pods an injector is about, and what each is to it: from the caches, without a call. */
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { DecisionContext } from '../../domain/decide.ts';
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
}

export interface CountedPod extends PodFacts, PodView {}

export interface Census {
  /** The namespaces that the selector matches. */
  namespaces: ReadonlySet<string>;
  /** All pods of these, but for those that are being deleted. */
  pods: readonly CountedPod[];
}

/** Looks at all pods that the injector may be about. */
export function takeCensus(parts: CensusParts, injector: SidecarInjector): Census {
  const { caches, podCaches, operator } = parts;
  const { namespaceSelector } = selectionOf(injector);
  const revision = injector.status?.template?.revision;
  const context: DecisionContext = {
    excludedNamespaces: [operator.namespace],
    otherAnnotations: new Set(caches.injectors.list().map((each) => selectionOf(each).annotation)),
  };
  const namespaces = new Set<string>();
  const pods: CountedPod[] = [];
  for (const { metadata } of caches.namespaces.list()) {
    const labels = metadata.labels ?? {};
    if (!selectorMatches(namespaceSelector, labels)) continue;
    namespaces.add(metadata.name);
    for (const hostNetwork of [false, true]) {
      const cache = hostNetwork ? podCaches.hostPods : podCaches.pods;
      for (const pod of cache.byIndex(BY_NAMESPACE, metadata.name)) {
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        const facts = factsOf(pod, hostNetwork);
        pods.push({ ...facts, ...viewPod(facts, injector, { labels }, revision, context) });
      }
    }
  }
  return { namespaces, pods };
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
