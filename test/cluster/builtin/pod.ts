/** pods: pkg/registry/core/pod/strategy.go, and the subresources that act on a pod. */
import { parseQuantity } from '../cel/quantity.ts';
import { labelSelectorMatches } from '../selectors.ts';
import { badRequest, conflict, failure, tooManyRequests } from '../status.ts';
import { timestamp } from '../storage/store.ts';
import type { FieldError, KubeObject, ObjectStore, Subresource, SubresourceRequest } from '../types.ts';
import {
  fieldErrorText,
  forbiddenField,
  nameIsDNSSubdomain,
  notSupported,
  required,
  validateImmutable,
} from '../validation.ts';
import { admitPod } from './pod-admission.ts';
import { podColumns } from './pod-columns.ts';
import { defaultPod } from './pod-defaults.ts';
import { asPod, type Container, type Pod, type PodSpec } from './pod-types.ts';
import { ephemeralContainers } from './ephemeral-containers.ts';
import { validateImages, validatePodUpdate } from './pod-update.ts';
import { validatePodSpec } from './pod-validate.ts';
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

/** What is posted to a pod says which one; its name must be that of the path. */
function checkPosted({ object, body }: SubresourceRequest, kind: string): void {
  const name = body?.metadata?.name;
  if (name && name !== object.metadata.name) throw badRequest(`name in URL does not match name in ${kind} object`);
}

/** ValidatePodBinding */
function bindingErrors({ kind, name }: { kind?: string; name?: string }): FieldError[] {
  return [
    ...(kind && kind !== 'Node' ? [notSupported('target.kind', kind, ['Node', '<empty>'])] : []),
    ...(name ? [] : [required('target.name')]),
  ];
}

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
  },
  async handle(request) {
    const { object, body } = request;
    const target = (body?.['target'] ?? {}) as { kind?: string; name?: string };
    checkPosted(request, 'Binding');
    const errors = bindingErrors(target);
    if (errors.length > 0) throw failure(500, '', errors.map(fieldErrorText).join(', '));
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

/** addConditionAndDeletePod: why the pod had to go. */
function markDisrupted(object: KubeObject, now: Date): void {
  const { status } = asPod(object);
  const type = 'DisruptionTarget';
  const kept = (status.conditions ?? []).filter((condition) => condition.type !== type);
  const times = { lastProbeTime: null, lastTransitionTime: timestamp(now) };
  const why = { reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' };
  status.conditions = [...kept, { type, status: 'True', ...times, ...why }];
}

/** pkg/registry/core/pod/storage/eviction.go: a delete that disruption budgets may refuse. */
const eviction: Subresource = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  verbs: ['create'],
  async handle(request) {
    const { object, body, context } = request;
    checkPosted(request, 'Eviction');
    const budget = blockingBudget(context.store, object);
    if (budget) throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
    if (!context.dryRun) await request.update((pod) => markDisrupted(pod, context.now), 'status');
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

/** What conversion makes of a status: the first address stands in both fields, structs are written out (pkg/apis/core/v1/conversion.go). */
function completeStatus(status: Pod['status']): void {
  if (status.podIP && !status.podIPs?.length) status.podIPs = [{ ip: status.podIP }];
  for (const container of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
    container.state ??= {};
    container.lastState ??= {};
  }
}

/** ValidatePodCreate: what a template may have and a new pod may not. */
function createErrors(spec: PodSpec): FieldError[] {
  const gated = spec.nodeName && (spec.schedulingGates?.length ?? 0) > 0;
  return [
    ...(spec.ephemeralContainers?.length
      ? [forbiddenField('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
    ...(gated ? [forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
  ];
}

function podErrors(spec: PodSpec): FieldError[] {
  return [
    ...validatePodSpec(spec, 'spec'),
    ...validateImages(spec.containers, 'spec.containers'),
    ...validateImages(spec.initContainers, 'spec.initContainers'),
  ];
}

export const podRules: Rules = {
  nameRule: nameIsDNSSubdomain,
  metadataOnUpdate: true,
  returnsDeleted: true,
  generationOn: specChanged,
  gracefulDelete: gracePeriod,
  defaults(object) {
    const { spec, status } = asPod(object);
    defaultPod(spec);
    completeStatus(status);
  },
  prepareCreate(object, { now }) {
    const { spec } = asPod(object);
    const gated = (spec.schedulingGates?.length ?? 0) > 0;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: timestamp(now),
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    };
    object['status'] = { ...(gated ? { conditions: [condition] } : {}), phase: 'Pending', qosClass: qosClass(spec) };
  },
  validate(object, old) {
    const { spec } = asPod(object);
    return [...podErrors(spec), ...(old ? validatePodUpdate(spec, asPod(old).spec) : createErrors(spec))];
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
  subresources: { binding, ephemeralcontainers: ephemeralContainers, eviction },
  admission: { mutate: admitPod },
};
