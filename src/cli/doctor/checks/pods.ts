/** Running pods, and what people wrote on them. */
import { selectionOf } from '../../../api/v1alpha1/defaults.ts';
import type { SidecarInjector } from '../../../api/v1alpha1/types.ts';
import { misspeltKey, wishOf } from '../../../domain/annotation.ts';
import { viewPod, type PodState } from '../../../domain/pods.ts';
import { selectorMatches } from '../../../domain/selector.ts';
import type { Pod } from '../../../kube/objects.ts';
import { type Check, count, few, type Problem, verdict } from '../check.ts';
import type { Facts } from '../facts.ts';
import { selectedBy } from '../namespaces.ts';
import type { Workload } from '../resources.ts';

/** A pod and an injector that selects its namespace and labels. */
interface Pair {
  injector: SidecarInjector;
  pod: Pod;
}

const pairs = new WeakMap<Facts, readonly Pair[]>();

function pairsOf(facts: Facts): readonly Pair[] {
  const known = pairs.get(facts);
  if (known !== undefined) return known;
  const byNamespace = new Map<string, Pod[]>();
  for (const pod of facts.lists.pods.items) {
    const namespace = pod.metadata.namespace ?? '';
    const list = byNamespace.get(namespace);
    if (list === undefined) byNamespace.set(namespace, [pod]);
    else list.push(pod);
  }
  const found = facts.lists.injectors.items.flatMap((injector) =>
    selectedBy(facts, injector).flatMap(({ metadata }) =>
      (byNamespace.get(metadata.name) ?? [])
        .filter((pod) => pod.metadata.deletionTimestamp === undefined)
        .filter((pod) => selectorMatches(selectionOf(injector).objectSelector, pod.metadata.labels))
        .map((pod) => ({ injector, pod })),
    ),
  );
  pairs.set(facts, found);
  return found;
}

function annotationsOf(facts: Facts): Set<string> {
  return new Set(facts.lists.everyInjector.items.map((injector) => selectionOf(injector).annotation));
}

const nameOf = ({ metadata }: { metadata: { namespace?: string; name: string } }): string =>
  `${metadata.namespace}/${metadata.name}`;

/** One problem for all pods with the same slip. */
function spellingProblems(facts: Facts): Problem[] {
  const known = annotationsOf(facts);
  const groups = new Map<string, { pods: Pod[]; problem: Omit<Problem, 'about' | 'state'> }>();
  for (const { injector, pod } of pairsOf(facts)) {
    const { annotation } = selectionOf(injector);
    const annotations = pod.metadata.annotations ?? {};
    const wish = wishOf(annotations, annotation);
    const wrong = misspeltKey(annotations, annotation, known);
    const problem =
      wish.kind === 'unreadable'
        ? {
            message: `the annotation ${annotation} is ${JSON.stringify(wish.text)}, which is neither true nor false`,
            fix: `set it to "true" in the pod's template`,
          }
        : wish.kind === 'absent' && wrong !== undefined
          ? {
              message: `the annotation ${wrong} is misspelt: ${annotation} is meant`,
              fix: `correct the key in spec.template.metadata.annotations of what makes the pod`,
            }
          : undefined;
    if (problem === undefined) continue;
    const group = groups.get(problem.message) ?? { pods: [] as Pod[], problem };
    group.pods.push(pod);
    groups.set(problem.message, group);
  }
  return [...groups.values()].map(({ pods, problem }) => ({
    state: 'warn',
    about: `pod/${pods[0]?.metadata.name}`,
    evidence: few(pods.map(nameOf)),
    ...problem,
  }));
}

/** The annotation on the Deployment instead of on its template, where it does nothing. */
function placeProblems(facts: Facts): Problem[] {
  const known = annotationsOf(facts);
  return facts.annotated.flatMap((workload): Problem[] =>
    facts.lists.injectors.items.flatMap((injector): Problem[] => {
      const { annotation } = selectionOf(injector);
      const own = workload.metadata.annotations ?? {};
      const template = workload.spec?.template?.metadata?.annotations ?? {};
      const written = Object.hasOwn(own, annotation) ? annotation : misspeltKey(own, annotation, known);
      if (written === undefined || Object.hasOwn(template, annotation)) return [];
      const kind = workload.kind.toLowerCase();
      const { name, namespace = '' } = workload.metadata;
      const value = wishOf(own, written);
      const patch = {
        spec: {
          template: { metadata: { annotations: { [annotation]: value.kind === 'value' ? value.text : 'true' } } },
        },
      };
      const message = `the annotation ${written} stands on the ${workload.kind} instead of on its pod template, where it would count`;
      const fix = `kubectl -n ${namespace} patch ${kind} ${name} -p '${JSON.stringify(patch)}'`;
      return [{ state: 'warn', about: `${kind}/${name}`, message, evidence: `namespace ${namespace}`, fix }];
    }),
  );
}

/** Has it an annotation that means, or nearly means, one of an injector? Only those are read as a whole. */
export function isAnnotated(workload: Workload, annotations: ReadonlySet<string>): boolean {
  const own = workload.metadata.annotations ?? {};
  return [...annotations].some(
    (annotation) => Object.hasOwn(own, annotation) || misspeltKey(own, annotation, annotations) !== undefined,
  );
}

/** What restarts the pods, as far as their owner tells. */
function restart(pods: readonly Pod[]): string {
  const [first] = pods;
  const owner = first?.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const namespace = first?.metadata.namespace ?? '';
  switch (owner?.kind ?? '') {
    case 'ReplicaSet':
      return `kubectl -n ${namespace} rollout restart deployment ${owner?.name.replace(/-[a-z0-9]+$/, '')}`;
    case 'StatefulSet':
    case 'DaemonSet':
      return `kubectl -n ${namespace} rollout restart ${owner?.kind.toLowerCase()} ${owner?.name}`;
    default:
      return `kubectl -n ${namespace} delete pod ${first?.metadata.name}; whatever made it must make it again`;
  }
}

function byInjector(
  found: readonly Pair[],
  state: Problem['state'],
  message: (pods: readonly Pod[]) => string,
): Problem[] {
  const groups = Map.groupBy(found, ({ injector }) => injector.metadata.name);
  return [...groups].map(([name, members]) => {
    const pods = members.map(({ pod }) => pod);
    return {
      state,
      about: `sidecarinjector/${name}`,
      message: message(pods),
      evidence: few(pods.map(nameOf)),
      fix: restart(pods),
    };
  });
}

/** The pairs in which the pod is in this state, by the same judgement as the operator's counts. */
function inState(facts: Facts, state: PodState): Pair[] {
  const context = { excludedNamespaces: [facts.operatorNamespace] };
  return pairsOf(facts).filter(({ injector, pod }) => {
    const { namespace = '', name, uid = '', labels = {}, annotations = {} } = pod.metadata;
    // Of metadata alone, hostNetwork is not known.
    const seen = { namespace, name, uid, labels, annotations, hostNetwork: false, createdAt: 0 };
    return viewPod(seen, injector, {}, injector.status?.template?.revision, context).state === state;
  });
}

function missed(facts: Facts): Problem[] {
  return byInjector(inState(facts, 'Missed'), 'warn', ({ length }) => {
    const [has, were] = length === 1 ? ['has', 'it was'] : ['have', 'they were'];
    return `${count(length, 'pod')} should have the sidecar and ${has} not: ${were} created before the injector, or while it did not work`;
  });
}

function outdated(facts: Facts): Problem[] {
  return byInjector(inState(facts, 'Outdated'), 'warn', ({ length }) => {
    return `${count(length, 'pod')} ${length === 1 ? 'has' : 'have'} the sidecar of an older template`;
  });
}

const READS = ['injectors', 'everyInjector', 'namespaces', 'pods'] as const;

export const PODS: readonly Check[] = [
  {
    id: 'SI070',
    category: 'pods',
    title: 'annotations on pods are spelt right',
    severity: 'warn',
    meaning: 'A key or value that nearly is the right one counts as absent.',
    remedy: 'Correct it in the pod template of the workload.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(spellingProblems(facts), `looked at ${count(facts.lists.pods.items.length, 'pod')}`),
  },
  {
    id: 'SI071',
    category: 'pods',
    title: 'annotations stand on pod templates',
    severity: 'warn',
    meaning: 'On the Deployment itself the annotation does nothing: pods get those of its template.',
    remedy: 'Move it to spec.template.metadata.annotations.',
    reads: ['injectors', 'everyInjector', 'workloads'],
    after: ['SI010'],
    run: (facts) => verdict(placeProblems(facts), `looked at ${count(facts.lists.workloads.items.length, 'workload')}`),
  },
  {
    id: 'SI072',
    category: 'pods',
    title: 'no running pod was missed',
    severity: 'warn',
    meaning: 'Pods that were created before the injector, or while it did not work, run without the sidecar.',
    remedy: 'Restart them, or let the operator do it: spec.rollout.mode Restart.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(missed(facts), 'none'),
  },
  {
    id: 'SI080',
    category: 'rollout',
    title: 'running pods have the template in force',
    severity: 'warn',
    meaning: 'Pods keep the sidecar with which they were created.',
    remedy: 'Restart them, or let the operator do it: spec.rollout.mode Restart.',
    reads: READS,
    after: ['SI010'],
    run: (facts) => verdict(outdated(facts), 'all of them'),
  },
];
