/** pods: pkg/registry/core/pod/strategy.go, and the subresources that act on a pod. */
import { parseQuantity } from '../cel/quantity.ts';
import { labelSelectorMatches } from '../selectors.ts';
import { conflict, tooManyRequests } from '../status.ts';
import { timestamp } from '../storage/store.ts';
import type { KubeObject, ObjectStore, Subresource } from '../types.ts';
import { nameIsDNSSubdomain, validateImmutable } from '../validation.ts';
import { admitPod } from './pod-admission.ts';
import { podColumns } from './pod-columns.ts';
import { defaultPod } from './pod-defaults.ts';
import { asPod, type Container, type PodSpec } from './pod-types.ts';
import { validatePodSpec, validatePodUpdate } from './pod-validate.ts';
import { podWarnings } from './pod-warnings.ts';
import { specChanged, type Rules } from './resource.ts';

/** pkg/apis/core/v1/helper/qos: cpu and memory decide. */
export function qosClass(spec: PodSpec): string {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const amount = ({ resources }: Container, of: 'limits' | 'requests', name: string): bigint =>
    parseQuantity(resources?.[of]?.[name] ?? '0')?.nanos ?? 0n;
  const given = containers.flatMap((container) =>
    ['cpu', 'memory'].map((name) => [amount(container, 'requests', name), amount(container, 'limits', name)]),
  );
  if (given.every(([request, limit]) => request === 0n && limit === 0n)) return 'BestEffort';
  return given.every(([request, limit]) => limit !== 0n && request === limit) ? 'Guaranteed' : 'Burstable';
}

/** CheckGracefulDelete: only a pod on a node, still running, takes its time. */
function gracePeriod(object: KubeObject, requested: number | undefined): number {
  const { spec, status } = asPod(object);
  const isDone = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  if (!spec.nodeName || isDone) return 0;
  const period = requested ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}

const SUCCESS = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };

/** pkg/registry/core/pod/storage/storage.go assignPod: a pod is bound once. */
const binding: Subresource = {
  kind: 'Binding',
  verbs: ['create'],
  strategy: {
    prepareUpdate(object, old, { now }) {
      const { status } = asPod(old);
      const conditions = (status.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
      const times = { lastProbeTime: null, lastTransitionTime: timestamp(now) };
      object['status'] = { ...status, conditions: [...conditions, { type: 'PodScheduled', status: 'True', ...times }] };
    },
    generationOn: specChanged,
  },
  async handle(request) {
    const { object, body } = request;
    const target = (body?.['target'] ?? {}) as { name?: string };
    const { name } = object.metadata;
    const { nodeName } = asPod(object).spec;
    const resource = { group: '', plural: 'pods/binding' };
    if (object.metadata.deletionTimestamp)
      throw conflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    if (nodeName) throw conflict(resource, name, `pod ${name} is already assigned to node "${nodeName}"`);
    await request.update((pod) => {
      asPod(pod).spec.nodeName = target.name ?? '';
    }, 'binding');
    return { status: 201, body: { ...SUCCESS, code: 201 } };
  },
};

/** Budgets protect pods that run: others can be evicted whatever they say (canIgnorePDB). */
function blockingBudget(store: ObjectStore, pod: KubeObject): KubeObject | undefined {
  if (asPod(pod).status.phase !== 'Running' || pod.metadata.deletionTimestamp) return undefined;
  return store.list('poddisruptionbudgets.policy', pod.metadata.namespace).find((budget) => {
    const { selector } = (budget['spec'] ?? {}) as { selector?: Parameters<typeof labelSelectorMatches>[0] };
    const { disruptionsAllowed = 0 } = (budget['status'] ?? {}) as { disruptionsAllowed?: number };
    return (
      selector !== undefined && disruptionsAllowed <= 0 && labelSelectorMatches(selector, pod.metadata.labels ?? {})
    );
  });
}

/** pkg/registry/core/pod/storage/eviction.go: a delete that disruption budgets may refuse. */
const eviction: Subresource = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
  async handle(request) {
    const { object, body, context } = request;
    const budget = blockingBudget(context.store, object);
    if (budget) throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
    await request.remove((body?.['deleteOptions'] ?? {}) as Record<string, unknown>);
    return { status: 201, body: { ...SUCCESS, code: 201 } };
  },
};

const textAt =
  (...path: string[]) =>
  (object: KubeObject): string => {
    let value: unknown = object;
    for (const key of path)
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
    return typeof value === 'string' ? value : '';
  };

export const podRules: Rules = {
  nameRule: nameIsDNSSubdomain,
  metadataOnUpdate: true,
  returnsDeleted: true,
  generationOn: specChanged,
  gracefulDelete: gracePeriod,
  defaults: (object) => defaultPod(asPod(object).spec),
  prepareCreate(object) {
    const { spec } = asPod(object);
    const gated = (spec.schedulingGates?.length ?? 0) > 0;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    };
    object['status'] = { ...(gated ? { conditions: [condition] } : {}), phase: 'Pending', qosClass: qosClass(spec) };
  },
  validate(object, old) {
    const { spec } = asPod(object);
    const errors = validatePodSpec(spec, 'spec');
    return old ? [...errors, ...validatePodUpdate(spec, asPod(old).spec)] : errors;
  },
  warnings: (object, old) => (old ? [] : podWarnings(object.metadata, asPod(object).spec)),
  prepareStatus(object, old) {
    const { ownerReferences } = old.metadata;
    if (ownerReferences) object.metadata.ownerReferences = ownerReferences;
    else delete object.metadata.ownerReferences;
    const { status } = asPod(object);
    const { qosClass } = asPod(old).status;
    if (qosClass !== undefined) status.qosClass ??= qosClass;
  },
  validateStatus: (object, old) =>
    validateImmutable(asPod(object).status.qosClass, asPod(old).status.qosClass, 'status.qosClass'),
  selectableFields: {
    'spec.nodeName': textAt('spec', 'nodeName'),
    'spec.restartPolicy': textAt('spec', 'restartPolicy'),
    'spec.schedulerName': textAt('spec', 'schedulerName'),
    'spec.serviceAccountName': textAt('spec', 'serviceAccountName'),
    'spec.hostNetwork': (object) => String(asPod(object).spec.hostNetwork === true),
    'status.phase': textAt('status', 'phase'),
    'status.podIP': textAt('status', 'podIP'),
    'status.nominatedNodeName': textAt('status', 'nominatedNodeName'),
  },
  columns: podColumns,
  subresources: { binding, eviction },
  admission: { mutate: admitPod },
};
