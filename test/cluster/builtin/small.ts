/** Types with one or two rules each. What is not said here comes from the schemas. */
import { randomUUID } from 'node:crypto';
import type { FieldError, JsonObject, KubeObject } from '../types.ts';
import { invalidValue, required, validateImmutable, validateLabelSelector } from '../validation.ts';
import { column } from './columns.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import type { PodSpec } from './pod-types.ts';
import { validatePodSpec } from './pod-validate.ts';
import { specChanged, type Rules } from './resource.ts';

const specOf = (object: KubeObject): JsonObject => (object['spec'] ?? {}) as JsonObject;

/** Types without rules of their own that Kubernetes lets PUT create, wants a version for, counts generations of, or shows when deleted. */
export const CREATED_BY_PUT: Rules = { createOnUpdate: true };
export const VERSIONED: Rules = { unconditionalUpdate: false };
export const COUNTED: Rules = { generationOn: specChanged };
export const RETURNED: Rules = { returnsDeleted: true };

/** pkg/apis/policy/validation ValidatePodDisruptionBudgetSpec. */
export const disruptionBudgetRules: Rules = {
  ...VERSIONED,
  ...COUNTED,
  prepareCreate(object) {
    object['status'] = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validate(object) {
    const spec = specOf(object);
    const both = spec['minAvailable'] !== undefined && spec['maxUnavailable'] !== undefined;
    const errors: FieldError[] = both
      ? [invalidValue('spec', spec, 'minAvailable and maxUnavailable cannot be both set')]
      : [];
    return [...errors, ...validateLabelSelector(spec['selector'], 'spec.selector')];
  },
  columns: [
    column('Min available', (object) =>
      String((specOf(object)['minAvailable'] as number | string | undefined) ?? 'N/A'),
    ),
    column('Max unavailable', (object) =>
      String((specOf(object)['maxUnavailable'] as number | string | undefined) ?? 'N/A'),
    ),
    column(
      'Allowed disruptions',
      (object) => (object['status'] as JsonObject | undefined)?.['disruptionsAllowed'] ?? 0,
    ),
  ],
};

/** pkg/apis/scheduling: the value of a class is for ever. */
export const priorityClassRules: Rules = {
  generationOn: (object, old) => object['value'] !== old['value'],
  defaults: (object) => void (object['preemptionPolicy'] ??= 'PreemptLowerPriority'),
  validate: (object, old) => (old ? validateImmutable(object['value'] ?? 0, old['value'] ?? 0, 'value') : []),
  columns: [
    column('Value', (object) => object['value'] ?? 0, 'integer'),
    column('Global-default', (object) => object['globalDefault'] === true, 'boolean'),
  ],
};

/** pkg/apis/networking/v1/defaults.go */
export const networkPolicyRules: Rules = {
  ...COUNTED,
  defaults(object) {
    const spec = specOf(object);
    spec['policyTypes'] ??= spec['egress'] === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
  },
};

const JOB_DEFAULTS = {
  parallelism: 1,
  completions: 1,
  backoffLimit: 6,
  completionMode: 'NonIndexed',
  suspend: false,
  podReplacementPolicy: 'TerminatingOrFailed',
  manualSelector: false,
};

/** pkg/apis/batch/v1/defaults.go and registry/batch/job: a job selects its pods by its own uid. */
export const jobRules: Rules = {
  ...COUNTED,
  defaults(object) {
    const spec = specOf(object);
    const { completions, ...others } = JOB_DEFAULTS;
    if (spec['parallelism'] === undefined) spec['completions'] ??= completions;
    for (const [name, value] of Object.entries(others)) spec[name] ??= value;
    defaultPodTemplate(spec);
  },
  prepareCreate(object) {
    const spec = specOf(object);
    if (spec['manualSelector'] === true) return;
    const { name, uid = randomUUID() } = object.metadata;
    const labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    const { metadata } = spec['template'] as { metadata: { labels?: object } };
    metadata.labels = { ...metadata.labels, ...labels };
    spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  },
  validate(object) {
    const { template } = specOf(object) as { template: { spec: PodSpec } };
    const errors = validatePodSpec(template.spec, 'spec.template.spec');
    if (template.spec.restartPolicy !== 'Always') return errors;
    return [...errors, required('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"')];
  },
};

/** pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolumeClaim and SetDefaults_PersistentVolume. */
export const volumeClaimRules: Rules = {
  ...RETURNED,
  defaults: (object) => void (specOf(object)['volumeMode'] ??= 'Filesystem'),
  prepareCreate: (object) => void (object['status'] = { phase: 'Pending' }),
};
export const volumeRules: Rules = {
  ...RETURNED,
  defaults(object) {
    specOf(object)['persistentVolumeReclaimPolicy'] ??= 'Retain';
    specOf(object)['volumeMode'] ??= 'Filesystem';
  },
  prepareCreate: (object) => void (object['status'] = { phase: 'Pending' }),
};

/** pkg/apis/apps/validation ValidateControllerRevisionUpdate. */
export const controllerRevisionRules: Rules = {
  validate: (object, old) => (old ? validateImmutable(object['data'], old['data'], 'data') : []),
};
