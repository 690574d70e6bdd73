/** apps/v1: defaults (pkg/apis/apps/v1/defaults.go), validation (pkg/apis/apps/validation) and /scale of what owns pods. */
import { isDeepStrictEqual } from 'node:util';
import { labelSelectorMatches } from '../selectors.ts';
import { badRequest, conflict } from '../status.ts';
import type { FieldError, JsonObject, KubeObject, Subresource } from '../types.ts';
import {
  invalidValue,
  notSupported,
  required,
  validateImmutable,
  validateLabels,
  validateLabelSelector,
} from '../validation.ts';
import { age, column, selectorText, wideColumn } from './columns.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import type { PodSpec } from './pod-types.ts';
import { validatePodSpec } from './pod-validate.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import { specChanged, SUBRESOURCE_VERBS, type Rules } from './resource.ts';

export interface Workload extends KubeObject {
  spec: {
    replicas?: number;
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
    template: { metadata: { labels?: Record<string, string> }; spec: PodSpec };
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

function validateWorkload(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  const { replicas, selector, template, minReadySeconds } = asWorkload(object).spec;
  const errors: FieldError[] = [];
  const count = (field: string, value: number | undefined): void => {
    if ((value ?? 0) < 0) errors.push(invalidValue(field, value, 'must be greater than or equal to 0'));
  };
  count('spec.replicas', replicas);
  count('spec.minReadySeconds', minReadySeconds);
  if (!selector) errors.push(required('spec.selector'));
  else {
    errors.push(...validateLabelSelector(selector, 'spec.selector'));
    if (!selector.matchExpressions?.length && Object.keys(selector.matchLabels ?? {}).length === 0)
      errors.push(invalidValue('spec.selector', selector, 'empty selector is invalid for deployment'));
  }
  const labels = template.metadata.labels ?? {};
  if (!selector || !labelSelectorMatches(selector as Parameters<typeof labelSelectorMatches>[0], labels))
    errors.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  errors.push(...validateLabels(labels, 'spec.template.metadata.labels'));
  errors.push(...validatePodSpec(template.spec, 'spec.template.spec'));
  const restartPolicy = template.spec.restartPolicy ?? '';
  if (['OnFailure', 'Never'].includes(restartPolicy))
    errors.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  return old ? [...errors, ...validateImmutable(selector, asWorkload(old).spec.selector, 'spec.selector')] : errors;
}

/** pkg/registry/apps/deployment/storage: /scale shows and sets replicas. */
function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { spec, status } = asWorkload(object);
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp };
  const selector = selectorText(spec.selector?.matchLabels);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: JSON.parse(JSON.stringify(metadata)) as KubeObject['metadata'],
    spec: spec.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, ...(selector === '<none>' ? {} : { selector }) },
  };
}

const scale: Subresource = {
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: SUBRESOURCE_VERBS,
  async handle(request) {
    const { method, object, body, contentType } = request;
    if (method === 'GET') return { status: 200, body: scaleOf(object) };
    const given = (body?.['spec'] ?? {}) as { replicas?: number };
    const version = body?.metadata?.resourceVersion;
    if (method === 'PATCH' && !contentType.includes('merge-patch'))
      throw badRequest('only merge patches of scale are served here');
    if (version && version !== object.metadata.resourceVersion) {
      const text = 'the object has been modified; please apply your changes to the latest version and try again';
      throw conflict({ group: '', plural: 'scale' }, object.metadata.name, text);
    }
    const keeps = method === 'PATCH' && given.replicas === undefined;
    const before = scaleOf(object);
    const after = keeps ? before : { ...before, spec: { replicas: given.replicas ?? 0 } };
    const { spec } = (await request.admit(after, before)) as { spec?: { replicas?: number } };
    const changed = await request.update((target) => {
      asWorkload(target).spec.replicas = spec?.replicas ?? 0;
    });
    return { status: 200, body: scaleOf(changed) };
  },
};

/** Labels and the owner stay as they were: deploymentStatusStrategy.PrepareForUpdate. */
function keepLabels(object: KubeObject, old: KubeObject): void {
  if (old.metadata.labels) object.metadata.labels = old.metadata.labels;
  else delete object.metadata.labels;
}

const containersOf = (object: KubeObject): { name?: string; image?: string }[] =>
  asWorkload(object).spec.template.spec.containers ?? [];
const namesColumn = wideColumn('Containers', (object) =>
  containersOf(object)
    .map(({ name }) => name)
    .join(','),
);
const imagesColumn = wideColumn('Images', (object) =>
  containersOf(object)
    .map(({ image }) => image)
    .join(','),
);
const selectorColumn = wideColumn('Selector', (object) => selectorText(asWorkload(object).spec.selector?.matchLabels));
const ageCell = column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now));
const number = (name: string, of: (workload: Workload) => number | undefined): ReturnType<typeof column> =>
  column(name, (object) => of(asWorkload(object)) ?? 0);

const shared: Rules = {
  generationOn: specChanged,
  validate: validateWorkload,
  warnings: (object, old) =>
    old && !specChanged(object, old)
      ? []
      : podSpecWarnings(asWorkload(object).spec.template.spec, 'spec.template.spec'),
  prepareStatus: keepLabels,
  subresources: { scale },
};

const ready = column('Ready', (object) => {
  const { spec, status } = asWorkload(object);
  return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
});

export const deploymentRules: Rules = {
  ...shared,
  // deploymentStrategy.PrepareForUpdate: annotations count too, because they are copied to the replica sets.
  generationOn: (object, old) =>
    specChanged(object, old) || !isDeepStrictEqual(object.metadata.annotations ?? {}, old.metadata.annotations ?? {}),
  defaults(object) {
    const { spec } = asWorkload(object);
    spec.replicas ??= 1;
    defaultPodTemplate(spec);
    spec.strategy ??= {};
    spec.strategy['type'] ??= 'RollingUpdate';
    if (spec.strategy['type'] === 'RollingUpdate') {
      const rolling = (spec.strategy['rollingUpdate'] ??= {}) as JsonObject;
      rolling['maxUnavailable'] ??= '25%';
      rolling['maxSurge'] ??= '25%';
    }
    spec['revisionHistoryLimit'] ??= 10;
    spec['progressDeadlineSeconds'] ??= 600;
  },
  columns: [
    ready,
    number('Up-to-date', ({ status }) => status?.updatedReplicas),
    number('Available', ({ status }) => status?.availableReplicas),
    ageCell,
    namesColumn,
    imagesColumn,
    selectorColumn,
  ],
};

export const replicaSetRules: Rules = {
  ...shared,
  defaults(object) {
    const { spec, status } = asWorkload(object);
    spec.replicas ??= 1;
    defaultPodTemplate(spec);
    // A status without omitempty on its first field.
    status.replicas ??= 0;
  },
  prepareCreate(object) {
    object['status'] = { replicas: 0 };
  },
  columns: [
    number('Desired', ({ spec }) => spec.replicas),
    number('Current', ({ status }) => status?.replicas),
    number('Ready', ({ status }) => status?.readyReplicas),
    ageCell,
    namesColumn,
    imagesColumn,
    selectorColumn,
  ],
};

export const statefulSetRules: Rules = {
  ...shared,
  defaults(object) {
    const { spec, status } = asWorkload(object);
    spec.replicas ??= 1;
    defaultPodTemplate(spec);
    spec['podManagementPolicy'] ??= 'OrderedReady';
    spec['updateStrategy'] ??= { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
    spec['revisionHistoryLimit'] ??= 10;
    spec['persistentVolumeClaimRetentionPolicy'] ??= { whenDeleted: 'Retain', whenScaled: 'Retain' };
    status.replicas ??= 0;
    status.availableReplicas ??= 0;
  },
  prepareCreate(object) {
    object['status'] = { replicas: 0, availableReplicas: 0 };
  },
  columns: [ready, ageCell, namesColumn, imagesColumn],
};

const NODE_COUNTERS = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];

export const daemonSetRules: Rules = {
  ...shared,
  subresources: {},
  defaults(object) {
    const { spec, status } = asWorkload(object);
    defaultPodTemplate(spec);
    spec['updateStrategy'] ??= { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } };
    spec['revisionHistoryLimit'] ??= 10;
    for (const name of NODE_COUNTERS) status[name] ??= 0;
  },
  prepareCreate(object) {
    object['status'] = Object.fromEntries(NODE_COUNTERS.map((name) => [name, 0]));
  },
};
