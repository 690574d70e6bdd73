/** apps/v1, and the ReplicationController that came before: defaults (pkg/apis/apps/v1/defaults.go), columns and /scale of what owns pods. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, KubeObject, ObjectMeta, Subresource } from '../types.ts';
import { scaleSubresource } from '../crd/scale.ts';
import { nameIsDNSLabel } from '../validation.ts';
import { age, column, selectorText, templateColumns } from './columns.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import { volumeClaimRules } from './small.ts';
import { specChanged, type Rules } from './resource.ts';
import {
  asWorkload,
  validateDaemonSet,
  validateDeployment,
  validateReplicaSet,
  validateReplicaStatus,
  validateReplicationController,
  validateStatefulSet,
  type Workload,
} from './workload-validate.ts';

/** /scale shows and sets the replicas of a resource; ReplicationControllers select by a plain map. */
function scale(group: string, plural: string): Subresource {
  const paths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
  return scaleSubresource(
    paths,
    { group, plural },
    {
      selector(object) {
        const { selector } = asWorkload(object).spec;
        const labels = group === '' ? (selector as Record<string, string> | undefined) : selector?.matchLabels;
        const text = selectorText(labels);
        return text === '<none>' ? '' : text;
      },
    },
  );
}

/** Labels and the owner stay as they were: deploymentStatusStrategy.PrepareForUpdate. */
function keepLabels(object: KubeObject, old: KubeObject): void {
  if (old.metadata.labels) object.metadata.labels = old.metadata.labels;
  else delete object.metadata.labels;
}

const podTemplate = (object: KubeObject): JsonObject => asWorkload(object).spec.template;
const wideColumns = templateColumns(podTemplate, (object) =>
  selectorText(asWorkload(object).spec.selector?.matchLabels),
);
const ageCell = column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now));
const counter = (name: string, of: string): ReturnType<typeof column> =>
  column(name, (object) => asWorkload(object).status?.[of] ?? 0, 'integer');
const number = (name: string, of: (workload: Workload) => number | undefined): ReturnType<typeof column> =>
  column(name, (object) => of(asWorkload(object)) ?? 0);

const shared: Rules = {
  generationOn: specChanged,
  warnings: (object, old) =>
    old && !specChanged(object, old)
      ? []
      : podSpecWarnings(asWorkload(object).spec.template.spec, 'spec.template.spec'),
  prepareStatus: keepLabels,
};

const ready = column('Ready', (object) => {
  const { spec, status } = asWorkload(object);
  return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`;
});

export const deploymentRules: Rules = {
  ...shared,
  subresources: { scale: scale('apps', 'deployments') },
  validate: validateDeployment,
  validateStatus: validateReplicaStatus,
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
    ...wideColumns,
  ],
};

export const replicaSetRules: Rules = {
  ...shared,
  subresources: { scale: scale('apps', 'replicasets') },
  validate: validateReplicaSet,
  validateStatus: validateReplicaStatus,
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
    column('Desired', (object) => asWorkload(object).spec.replicas ?? 0, 'integer'),
    counter('Current', 'replicas'),
    counter('Ready', 'readyReplicas'),
    ageCell,
    ...wideColumns,
  ],
};

export const statefulSetRules: Rules = {
  ...shared,
  subresources: { scale: scale('apps', 'statefulsets') },
  nameRule: nameIsDNSLabel,
  validate: validateStatefulSet,
  defaults(object) {
    const { spec, status } = asWorkload(object);
    spec.replicas ??= 1;
    defaultPodTemplate(spec);
    for (const claim of (spec['volumeClaimTemplates'] ?? []) as KubeObject[]) {
      Object.assign(claim, { kind: 'PersistentVolumeClaim', apiVersion: 'v1' });
      volumeClaimRules.defaults?.(claim);
      claim['status'] ??= {};
      (claim['status'] as JsonObject)['phase'] ??= 'Pending';
    }
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
  columns: [ready, ageCell, ...templateColumns(podTemplate)],
};

const NODE_COUNTERS = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];

/** The deprecated annotation that counts templates (daemonSetStrategy and pkg/apis/apps/v1/conversion.go). */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
function countTemplates({ metadata }: KubeObject, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
}

const selectorName = ({ template }: Workload['spec']): string =>
  selectorText(template.spec['nodeSelector'] as Record<string, string> | undefined);

export const daemonSetRules: Rules = {
  ...shared,
  validate: validateDaemonSet,
  prepareUpdate(object, old) {
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? 0);
    const changed = !isDeepStrictEqual(asWorkload(object).spec.template, asWorkload(old).spec.template);
    countTemplates(object, before + Number(changed));
  },
  defaults(object) {
    const { spec, status } = asWorkload(object);
    defaultPodTemplate(spec);
    spec['updateStrategy'] ??= { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } };
    spec['revisionHistoryLimit'] ??= 10;
    for (const name of NODE_COUNTERS) status[name] ??= 0;
  },
  prepareCreate(object) {
    object['status'] = Object.fromEntries(NODE_COUNTERS.map((name) => [name, 0]));
    countTemplates(object, 1);
  },
  columns: [
    counter('Desired', 'desiredNumberScheduled'),
    counter('Current', 'currentNumberScheduled'),
    counter('Ready', 'numberReady'),
    counter('Up-to-date', 'updatedNumberScheduled'),
    counter('Available', 'numberAvailable'),
    column('Node Selector', (object) => selectorName(asWorkload(object).spec)),
    ageCell,
    ...wideColumns,
  ],
};

/** pkg/apis/core/v1/defaults.go SetDefaults_ReplicationController. */
export const replicationControllerRules: Rules = {
  generationOn: specChanged,
  prepareStatus: keepLabels,
  subresources: { scale: scale('', 'replicationcontrollers') },
  defaults(object) {
    const { metadata, spec, status } = object as unknown as {
      metadata: ObjectMeta;
      spec: JsonObject;
      status: JsonObject;
    };
    spec['replicas'] ??= 1;
    defaultPodTemplate(spec);
    const { labels } = asWorkload(object).spec.template.metadata;
    if (labels) {
      spec['selector'] ??= { ...labels };
      if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
    }
    status['replicas'] ??= 0;
  },
  prepareCreate: (object) => void (object['status'] = { replicas: 0 }),
  validate: validateReplicationController,
  columns: [
    ...(replicaSetRules.columns ?? []).slice(0, 4),
    ...templateColumns(podTemplate, (object) =>
      selectorText(asWorkload(object).spec.selector as Record<string, string>),
    ),
  ],
};
