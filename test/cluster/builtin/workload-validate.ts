/** pkg/apis/apps/validation: what may be wrong with that which owns pods. */
import { isDeepStrictEqual } from 'node:util';
import { labelSelectorMatches } from '../selectors.ts';
import type { FieldError, JsonObject, KubeObject } from '../types.ts';
import {
  forbiddenField,
  goStruct,
  invalidValue,
  isDNS1123Label,
  notSupported,
  required,
  validateImmutable,
  validateLabels,
  validateLabelSelector,
  validateNonNegative,
  validateText,
} from '../validation.ts';
import { numberOf, validateIntOrPercent, validateShare } from './int-or-percent.ts';
import type { PodSpec } from './pod-types.ts';
import { validatePodSpec } from './pod-validate.ts';

export interface Workload extends KubeObject {
  spec: {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
    template: JsonObject & { metadata: { labels?: Record<string, string> }; spec: PodSpec };
    paused?: boolean;
    strategy?: JsonObject;
    minReadySeconds?: number;
  } & JsonObject;
  status: {
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    availableReplicas?: number;
    observedGeneration?: number;
  } & JsonObject;
}

/** A stored or defaulted object as a workload of apps/v1. */
export function asWorkload(object: KubeObject): Workload {
  return object as Workload;
}

const TEMPLATE = 'spec.template';

/** ValidatePodTemplateSpecForReplicaSet; `owner` is the kind in the text, of which ReplicaSets are not the only users. */
function validateTemplate({ spec }: Workload, owner: string): FieldError[] {
  const { selector, template } = spec;
  const { labels } = template.metadata;
  const errors: FieldError[] = [];
  if (!isSelector(selector)) return [invalidValue('spec.selector', selector, 'invalid label selector')];
  if (!selector || !labelSelectorMatches(selector as Parameters<typeof labelSelectorMatches>[0], labels ?? {}))
    errors.push(
      invalidValue(`${TEMPLATE}.metadata.labels`, labels ?? null, '`selector` does not match template `labels`'),
    );
  errors.push(...validateLabels(labels, `${TEMPLATE}.metadata.labels`));
  errors.push(...validatePodSpec(template.spec, `${TEMPLATE}.spec`));
  const { restartPolicy = '', activeDeadlineSeconds } = template.spec;
  if (['OnFailure', 'Never'].includes(restartPolicy))
    errors.push(notSupported(`${TEMPLATE}.spec.restartPolicy`, restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined) {
    const text = `activeDeadlineSeconds in ${owner} is not Supported`;
    errors.push(forbiddenField(`${TEMPLATE}.spec.activeDeadlineSeconds`, text));
  }
  return errors;
}

// What metav1.LabelSelectorAsSelector can read.
function isSelector(selector: Workload['spec']['selector']): boolean {
  const known = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
  return (selector?.matchExpressions ?? []).every((each) =>
    known.includes((each as { operator?: string }).operator ?? ''),
  );
}

function validateSelector({ spec: { selector } }: Workload, kind: string): FieldError[] {
  if (!selector) return [required('spec.selector')];
  const isEmpty = !selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0;
  return [
    ...validateLabelSelector(selector, 'spec.selector'),
    ...(isEmpty ? [invalidValue('spec.selector', selector, `empty selector is invalid for ${kind}`)] : []),
  ];
}

const counts = ({ spec }: Workload, ...names: string[]): FieldError[] =>
  names.flatMap((name) => validateNonNegative(`spec.${name}`, spec[name]));

const sameSelector = ({ spec }: Workload, old: KubeObject | undefined): FieldError[] =>
  old ? validateImmutable(spec.selector, asWorkload(old).spec.selector, 'spec.selector') : [];

/** ValidateReplicaSetSpec, whose text speaks of deployments. */
export function validateReplicaSet(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const set = asWorkload(object);
  return [
    ...counts(set, 'replicas', 'minReadySeconds'),
    ...validateSelector(set, 'deployment'),
    ...validateTemplate(set, 'ReplicaSet'),
    ...sameSelector(set, old),
  ];
}

/** ValidateReplicaSetStatus and ValidateDeploymentStatus */
export function validateReplicaStatus(object: KubeObject): FieldError[] {
  const { status } = asWorkload(object);
  const counted = object.kind === 'Deployment' ? 'updatedReplicas' : 'fullyLabeledReplicas';
  const parts = [counted, 'readyReplicas', 'availableReplicas'];
  const number = (name: string): number => Number(status[name] ?? 0);
  const above = (name: string, than: string, text: string): FieldError[] =>
    number(name) > number(than) ? [invalidValue(`status.${name}`, status[name], `cannot be greater than ${text}`)] : [];
  return [
    ...['replicas', ...parts, 'observedGeneration'].flatMap((name) =>
      validateNonNegative(`status.${name}`, status[name]),
    ),
    ...parts.flatMap((name) => above(name, 'replicas', 'status.replicas')),
    ...above('availableReplicas', 'readyReplicas', 'readyReplicas'),
  ];
}

/** ValidateDeploymentStrategy */
function validateStrategy({ spec: { strategy = {} } }: Workload): FieldError[] {
  const path = 'spec.strategy.rollingUpdate';
  const { type, rollingUpdate } = strategy as { type?: string; rollingUpdate?: JsonObject };
  if (type === 'Recreate')
    return rollingUpdate ? [forbiddenField(path, "may not be specified when strategy `type` is 'Recreate'")] : [];
  if (type !== 'RollingUpdate')
    return [
      notSupported('spec.strategy', goStruct(strategy, ['type', 'rollingUpdate']), ['Recreate', 'RollingUpdate']),
    ];
  const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
  const field = `${path}.maxUnavailable`;
  return [
    ...validateIntOrPercent(field, maxUnavailable),
    ...validateIntOrPercent(`${path}.maxSurge`, maxSurge),
    ...(numberOf(maxUnavailable) === 0 && numberOf(maxSurge) === 0
      ? [invalidValue(field, maxUnavailable, 'may not be 0 when `maxSurge` is 0')]
      : []),
    ...validateShare(field, maxUnavailable),
  ];
}

/** ValidateDeploymentSpec */
export function validateDeployment(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const deployment = asWorkload(object);
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = deployment.spec;
  const field = 'spec.progressDeadlineSeconds';
  const isShort = typeof deadline === 'number' && deadline <= minReadySeconds;
  return [
    ...counts(deployment, 'replicas'),
    ...validateSelector(deployment, 'deployment'),
    ...validateTemplate(deployment, 'ReplicaSet'),
    ...validateStrategy(deployment),
    ...counts(deployment, 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'),
    ...(isShort ? [invalidValue(field, deadline, 'must be greater than minReadySeconds')] : []),
    ...sameSelector(deployment, old),
  ];
}

const SET_UPDATABLE =
  `replicas ordinals template updateStrategy revisionHistoryLimit persistentVolumeClaimRetentionPolicy
  minReadySeconds`.split(/\s+/v);

/** ValidateStatefulSetSpec and ValidateStatefulSetUpdate */
export function validateStatefulSet(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const set = asWorkload(object);
  const { podManagementPolicy, updateStrategy } = set.spec;
  const { type } = updateStrategy as { type?: string };
  const errors: FieldError[] = [];
  if (!['OrderedReady', 'Parallel'].includes(podManagementPolicy as string))
    errors.push(invalidValue('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  if (!['RollingUpdate', 'OnDelete'].includes(type ?? '')) {
    const shown = goStruct(updateStrategy as JsonObject, ['type', 'rollingUpdate']);
    errors.push(invalidValue('spec.updateStrategy', shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
  errors.push(...counts(set, 'replicas', 'minReadySeconds'));
  if (!old) errors.push(...validateText(isDNS1123Label, 'spec.serviceName', set.spec['serviceName']));
  errors.push(...validateSelector(set, 'statefulset'), ...validateTemplate(set, 'StatefulSet'));
  const fixed = ({ spec }: Workload): JsonObject =>
    Object.fromEntries(Object.entries(spec).filter(([name]) => !SET_UPDATABLE.includes(name)));
  if (!old || isDeepStrictEqual(fixed(set), fixed(asWorkload(old)))) return errors;
  const listed = SET_UPDATABLE.slice(0, -1).map((name) => `'${name}'`);
  const text = `updates to statefulset spec for fields other than ${listed.join(', ')} and 'minReadySeconds' are forbidden`;
  return [...errors, forbiddenField('spec', text)];
}

/** ValidateDaemonSetSpec */
export function validateDaemonSet(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const set = asWorkload(object);
  const { type, rollingUpdate } = set.spec['updateStrategy'] as { type?: string; rollingUpdate?: JsonObject };
  const path = 'spec.updateStrategy.rollingUpdate';
  const errors = [
    ...validateSelector(set, 'daemonset'),
    ...validateTemplate(set, 'DaemonSet'),
    ...counts(set, 'minReadySeconds'),
  ];
  if (type !== 'RollingUpdate' && type !== 'OnDelete') {
    const shown = goStruct(set.spec['updateStrategy'] as JsonObject, ['type', 'rollingUpdate']);
    errors.push(notSupported('spec.updateStrategy', shown, ['RollingUpdate', 'OnDelete']));
  }
  if (type === 'RollingUpdate') {
    const { maxUnavailable, maxSurge } = rollingUpdate ?? {};
    for (const [name, value] of Object.entries({ maxUnavailable, maxSurge })) {
      errors.push(...validateIntOrPercent(`${path}.${name}`, value), ...validateShare(`${path}.${name}`, value));
    }
    if (numberOf(maxUnavailable) !== 0 && numberOf(maxSurge) !== 0)
      errors.push(invalidValue(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
    if (numberOf(maxUnavailable) === 0 && numberOf(maxSurge) === 0)
      errors.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return [...errors, ...counts(set, 'revisionHistoryLimit'), ...sameSelector(set, old)];
}

/** ValidateReplicationControllerSpec; the selector is a plain map. */
export function validateReplicationController(object: KubeObject): FieldError[] {
  const { spec } = asWorkload(object);
  const selector = (spec.selector ?? {}) as Record<string, string>;
  const labels = spec.template.metadata.labels ?? {};
  const matches = Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  const { restartPolicy = '' } = spec.template.spec;
  return [
    ...counts(asWorkload(object), 'minReadySeconds'),
    ...(Object.keys(selector).length === 0 ? [required('spec.selector')] : []),
    ...counts(asWorkload(object), 'replicas'),
    ...(matches
      ? []
      : [invalidValue(`${TEMPLATE}.metadata.labels`, labels, '`selector` does not match template `labels`')]),
    ...validatePodSpec(spec.template.spec, `${TEMPLATE}.spec`),
    ...(restartPolicy === 'Always' ? [] : [notSupported(`${TEMPLATE}.spec.restartPolicy`, restartPolicy, ['Always'])]),
  ];
}
