/** Jobs and CronJobs: pkg/apis/batch/v1/defaults.go, pkg/apis/batch/validation, pkg/registry/batch. */
import { randomUUID } from 'node:crypto';
import type { Column, FieldError, JsonObject, KubeObject } from '../types.ts';
import {
  invalidValue,
  notSupported,
  part,
  required,
  validateImmutable,
  validateNonNegative,
  validateOneOf,
} from '../validation.ts';
import { labelSelectorMatches } from '../selectors.ts';
import { age, column, humanDuration, orNone, selectorText, templateColumns } from './columns.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import type { PodSpec } from './pod-types.ts';
import { validatePodSpec } from './pod-validate.ts';
import { specChanged, type Rules } from './resource.ts';

const specOf = (object: KubeObject): JsonObject => part(object, 'spec');
const statusOf = (object: KubeObject): JsonObject => part(object, 'status');

function defaultJob(spec: JsonObject): void {
  if (spec['parallelism'] === undefined) spec['completions'] ??= 1;
  spec['parallelism'] ??= 1;
  spec['backoffLimit'] ??= spec['backoffLimitPerIndex'] === undefined ? 6 : 2 ** 31 - 1;
  spec['completionMode'] ??= 'NonIndexed';
  spec['suspend'] ??= false;
  spec['podReplacementPolicy'] ??= spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec['manualSelector'] ??= false;
  defaultPodTemplate(spec);
}

const JOB_NUMBERS =
  `parallelism completions activeDeadlineSeconds backoffLimit ttlSecondsAfterFinished backoffLimitPerIndex
  maxFailedIndexes`.split(/\s+/v);

/** validateJobSpec */
function validateJobSpec(spec: JsonObject, path: string): FieldError[] {
  const { completionMode, completions } = spec;
  const errors = JOB_NUMBERS.flatMap((name) => validateNonNegative(`${path}.${name}`, spec[name]));
  if (completionMode !== undefined && !['NonIndexed', 'Indexed'].includes(completionMode as string))
    errors.push(notSupported(`${path}.completionMode`, completionMode, ['NonIndexed', 'Indexed']));
  if (completionMode === 'Indexed' && completions === undefined)
    errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if (completionMode !== 'Indexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'])
      if (spec[name] !== undefined)
        errors.push(invalidValue(`${path}.${name}`, spec[name], 'requires indexed completion mode'));
  const template = part(part(spec, 'template'), 'spec') as PodSpec;
  errors.push(...validatePodSpec(template, `${path}.template.spec`));
  if (template.restartPolicy !== 'Always') return errors;
  return [...errors, required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')];
}

/** validateGeneratedSelector: who does not bring a selector of his own leaves it to the job. */
function validateOwnSelector(object: KubeObject): FieldError[] {
  const spec = specOf(object);
  const selector = spec['selector'] as Parameters<typeof labelSelectorMatches>[0] | undefined;
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels') as Record<string, string>;
  const generated = Object.keys(selector?.matchLabels ?? {}).length === 1 && !selector?.matchExpressions?.length;
  const field = 'spec.template.metadata.labels';
  return [
    ...(spec['manualSelector'] === true || generated
      ? []
      : [invalidValue('spec.selector', selector ?? null, '`selector` not auto-generated')]),
    ...(selector && labelSelectorMatches(selector, labels)
      ? []
      : [invalidValue(field, labels, '`selector` does not match template `labels`')]),
  ];
}

const JOB_FIXED = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy'];

/** validatePodTemplateUpdate: what a suspended job may not change, which is neither where its pods go nor what they get there. */
function schedulable(spec: JsonObject, suspended: boolean): unknown {
  const template = part(spec, 'template');
  if (!suspended) return template;
  const { nodeSelector: _nodes, tolerations: _tolerations, schedulingGates: _gates, ...rest } = part(template, 'spec');
  const bare = ({ resources: _resources, ...container }: JsonObject): JsonObject => container;
  return { ...rest, containers: ((rest['containers'] ?? []) as JsonObject[]).map(bare) };
}

/** ValidateJobSpecUpdate */
function validateJob(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = specOf(object);
  const errors = validateJobSpec(spec, 'spec');
  if (!old) return [...validateOwnSelector(object), ...errors];
  const before = specOf(old);
  const fixed = spec['completionMode'] === 'Indexed' ? JOB_FIXED : ['completions', ...JOB_FIXED];
  const suspended = before['suspend'] === true;
  const [template, oldTemplate] = [schedulable(spec, suspended), schedulable(before, suspended)];
  return [
    ...errors,
    ...fixed.flatMap((name) => validateImmutable(spec[name], before[name], `spec.${name}`)),
    ...validateImmutable(template, oldTemplate, suspended ? 'spec.template.spec' : 'spec.template'),
  ];
}

function jobState(object: KubeObject): string {
  const conditions = (statusOf(object)['conditions'] ?? []) as { type: string; status: string }[];
  const has = (type: string): boolean => conditions.some((each) => each.type === type && each.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsCell(object: KubeObject): string {
  const { completions, parallelism } = specOf(object);
  const succeeded = Number(statusOf(object)['succeeded'] ?? 0);
  if (completions !== undefined) return `${succeeded}/${Number(completions)}`;
  return Number(parallelism ?? 0) > 1 ? `${succeeded}/1 of ${Number(parallelism)}` : `${succeeded}/1`;
}

function durationCell(object: KubeObject, now: Date): string {
  const { startTime, completionTime } = statusOf(object);
  if (typeof startTime !== 'string') return '';
  const end = typeof completionTime === 'string' ? Date.parse(completionTime) : now.getTime();
  return humanDuration(end - Date.parse(startTime));
}

const ageCell: Column = column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now));
const selector = (of: JsonObject): string =>
  selectorText(part(part(of, 'selector'), 'matchLabels') as Record<string, string>);

/** A job selects its pods by its own uid, and wears the labels of its template when it has none. */
export const jobRules: Rules = {
  generationOn: specChanged,
  defaults: (object) => defaultJob(specOf(object)),
  prepareCreate(object) {
    const spec = specOf(object);
    if (spec['manualSelector'] === true) return;
    const given = part(part(spec, 'selector'), 'matchLabels');
    const { name, uid = randomUUID() } = object.metadata;
    const { metadata } = spec['template'] as { metadata: { labels?: Record<string, string> } };
    metadata.labels = {
      ...metadata.labels,
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    };
    const matchLabels = { ...given, 'batch.kubernetes.io/controller-uid': uid };
    spec['selector'] = { ...part(spec, 'selector'), matchLabels };
    // Defaulting does this, again on the way out, when the template already has its labels.
    if (Object.keys(object.metadata.labels ?? {}).length === 0) object.metadata.labels = { ...metadata.labels };
  },
  validate: validateJob,
  selectableFields: { 'status.successful': (object) => String(Number(statusOf(object)['succeeded'] ?? 0)) },
  columns: [
    column('Status', jobState),
    column('Completions', completionsCell),
    column('Duration', durationCell),
    ageCell,
    ...templateColumns(
      (object) => part(specOf(object), 'template'),
      (object) => selector(specOf(object)),
    ),
  ],
};

const jobTemplate = (object: KubeObject): JsonObject => part(specOf(object), 'jobTemplate');
const jobSpec = (object: KubeObject): JsonObject => part(jobTemplate(object), 'spec');

const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];
const NAMES = /^(?:sun|mon|tue|wed|thu|fri|sat|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$/iv;
const MACRO = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/v;

/** The five fields of cron, without what only its parser can tell (github.com/robfig/cron). */
function isSchedule(schedule: string): boolean {
  const times = schedule.replace(/^(?:CRON_)?TZ=\S+\s+/v, '');
  if (MACRO.test(times)) return true;
  const fields = times.trim().split(/\s+/v);
  return fields.length === RANGES.length && fields.every((field, index) => isCronField(field, RANGES[index] ?? []));
}

function isCronField(field: string, [low = 0, high = 0]: number[]): boolean {
  return field.split(',').every((item) => {
    const [range = '', step, ...more] = item.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/v.test(step))) return false;
    if (range === '*' || range === '?') return true;
    const ends = range.split('-');
    const isNumber = (end: string): boolean => /^\d+$/v.test(end) && Number(end) >= low && Number(end) <= high;
    return ends.length <= 2 && ends.every((end) => isNumber(end) || NAMES.test(end));
  });
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** validateCronJobSpec */
function validateCronJob(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = specOf(object);
  const { schedule } = spec as { schedule?: string };
  const errors: FieldError[] = [];
  if (!schedule) errors.push(required('spec.schedule'));
  else if (!isSchedule(schedule)) {
    const found = schedule.trim().split(/\s+/v).length;
    const text = `expected exactly 5 fields, found ${found}: [${schedule.trim().split(/\s+/v).join(' ')}]`;
    errors.push(invalidValue('spec.schedule', schedule, text));
  }
  if (schedule?.includes('TZ'))
    errors.push(
      invalidValue('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'),
    );
  const { timeZone } = spec as { timeZone?: string };
  if (timeZone !== undefined && !isTimeZone(timeZone))
    errors.push(invalidValue('spec.timeZone', timeZone, `unknown time zone ${timeZone}`));
  errors.push(
    ...validateNonNegative('spec.startingDeadlineSeconds', spec['startingDeadlineSeconds']),
    ...validateOneOf(['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy', spec['concurrencyPolicy']),
    ...validateJobSpec(jobSpec(object), 'spec.jobTemplate.spec'),
    ...validateNonNegative('spec.successfulJobsHistoryLimit', spec['successfulJobsHistoryLimit']),
    ...validateNonNegative('spec.failedJobsHistoryLimit', spec['failedJobsHistoryLimit']),
  );
  const { name } = object.metadata;
  const isLong = !old && name.length > 52;
  return isLong ? [...errors, invalidValue('metadata.name', name, 'must be no more than 52 characters')] : errors;
}

export const cronJobRules: Rules = {
  generationOn: specChanged,
  defaults(object) {
    const spec = specOf(object);
    spec['concurrencyPolicy'] ??= 'Allow';
    spec['suspend'] ??= false;
    spec['successfulJobsHistoryLimit'] ??= 3;
    spec['failedJobsHistoryLimit'] ??= 1;
    const template = (spec['jobTemplate'] ??= {}) as JsonObject;
    template['metadata'] ??= {};
    defaultPodTemplate((template['spec'] ??= {}) as JsonObject);
  },
  validate: validateCronJob,
  columns: [
    column('Schedule', (object) => specOf(object)['schedule'] ?? ''),
    column('Timezone', (object) => orNone(specOf(object)['timeZone'])),
    column('Suspend', (object) => (specOf(object)['suspend'] === true ? 'True' : 'False'), 'boolean'),
    column('Active', (object) => ((statusOf(object)['active'] ?? []) as unknown[]).length, 'integer'),
    column('Last Schedule', (object, now) => {
      const { lastScheduleTime } = statusOf(object);
      return lastScheduleTime ? age(lastScheduleTime, now) : '<none>';
    }),
    ageCell,
    ...templateColumns(
      (object) => part(jobSpec(object), 'template'),
      (object) => selector(jobSpec(object)),
    ),
  ],
};
