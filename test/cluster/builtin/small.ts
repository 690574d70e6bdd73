/** Types with one or two rules each. What is not said here comes from the schemas. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, KubeObject } from '../types.ts';
import {
  goStruct,
  invalidValue,
  part,
  required,
  validateImmutable,
  validateLabelSelector,
  validateNonNegative,
  validateOneOf,
} from '../validation.ts';
import { age, ageColumn, column, selectorText, templateColumns, wideColumn } from './columns.ts';
import { validateIntOrPercent, validateShare } from './int-or-percent.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
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
    const fields = ['minAvailable', 'selector', 'maxUnavailable', 'unhealthyPodEvictionPolicy'];
    const policy = spec['unhealthyPodEvictionPolicy'];
    return [
      ...(both
        ? [invalidValue('spec', goStruct(spec, fields), 'minAvailable and maxUnavailable cannot be both set')]
        : []),
      ...['minAvailable', 'maxUnavailable'].flatMap((name) => [
        ...validateIntOrPercent(`spec.${name}`, spec[name]),
        ...validateShare(`spec.${name}`, spec[name]),
      ]),
      ...validateLabelSelector(spec['selector'], 'spec.selector'),
      ...(policy === undefined
        ? []
        : validateOneOf(['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy', policy)),
    ];
  },
  columns: [
    column('Min Available', (object) =>
      String((specOf(object)['minAvailable'] as number | string | undefined) ?? 'N/A'),
    ),
    column('Max Unavailable', (object) =>
      String((specOf(object)['maxUnavailable'] as number | string | undefined) ?? 'N/A'),
    ),
    column(
      'Allowed Disruptions',
      (object) => (object['status'] as JsonObject | undefined)?.['disruptionsAllowed'] ?? 0,
      'integer',
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
    column('Global-Default', (object) => object['globalDefault'] === true, 'boolean'),
    ageColumn,
    column('PreemptionPolicy', (object) => object['preemptionPolicy'] ?? ''),
  ],
};

function protect({ metadata }: KubeObject, finalizer: string): void {
  metadata.finalizers = [...new Set([...(metadata.finalizers ?? []), finalizer])];
}

const MODES: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
/** helper.GetAccessModesAsString */
const modes = (given: unknown): string =>
  Object.keys(MODES)
    .filter((mode) => ((given ?? []) as string[]).includes(mode))
    .map((mode) => MODES[mode])
    .join(',');

/** pkg/apis/core/v1/defaults.go SetDefaults_PersistentVolumeClaim and SetDefaults_PersistentVolume. */
export const volumeClaimRules: Rules = {
  ...RETURNED,
  defaults: (object) => void (specOf(object)['volumeMode'] ??= 'Filesystem'),
  // The admission plugin StorageObjectInUseProtection keeps claims and volumes while they are used.
  prepareCreate(object) {
    object['status'] = { phase: 'Pending' };
    protect(object, 'kubernetes.io/pvc-protection');
  },
  columns: [
    column('Status', (object) =>
      object.metadata.deletionTimestamp ? 'Terminating' : (part(object, 'status')['phase'] ?? ''),
    ),
    column('Volume', (object) => specOf(object)['volumeName'] ?? ''),
    column('Capacity', (object) =>
      specOf(object)['volumeName'] ? (part(part(object, 'status'), 'capacity')['storage'] ?? '') : '',
    ),
    column('Access Modes', (object) =>
      specOf(object)['volumeName'] ? modes(part(object, 'status')['accessModes']) : '',
    ),
    column('StorageClass', (object) => specOf(object)['storageClassName'] ?? ''),
    column('VolumeAttributesClass', (object) => specOf(object)['volumeAttributesClassName'] ?? '<unset>'),
    column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now)),
    wideColumn('VolumeMode', (object) => specOf(object)['volumeMode'] ?? '<unset>'),
  ],
};
export const volumeRules: Rules = {
  ...RETURNED,
  defaults(object) {
    specOf(object)['persistentVolumeReclaimPolicy'] ??= 'Retain';
    specOf(object)['volumeMode'] ??= 'Filesystem';
  },
  prepareCreate(object) {
    object['status'] = { phase: 'Pending' };
    protect(object, 'kubernetes.io/pv-protection');
  },
  columns: [
    column('Capacity', (object) => part(specOf(object), 'capacity')['storage'] ?? ''),
    column('Access Modes', (object) => modes(specOf(object)['accessModes'])),
    column('Reclaim Policy', (object) => specOf(object)['persistentVolumeReclaimPolicy'] ?? ''),
    column('Status', (object) =>
      object.metadata.deletionTimestamp ? 'Terminating' : (part(object, 'status')['phase'] ?? ''),
    ),
    column('Claim', (object) => {
      const { namespace, name } = part(specOf(object), 'claimRef') as { namespace?: string; name?: string };
      return name ? `${namespace}/${name}` : '';
    }),
    column('StorageClass', (object) => specOf(object)['storageClassName'] ?? ''),
    column('VolumeAttributesClass', (object) => specOf(object)['volumeAttributesClassName'] ?? '<unset>'),
    column('Reason', (object) => part(object, 'status')['reason'] ?? ''),
    column('Age', ({ metadata }, now) => age(metadata.creationTimestamp, now)),
    wideColumn('VolumeMode', (object) => specOf(object)['volumeMode'] ?? '<unset>'),
  ],
};

/** pkg/apis/apps/validation ValidateControllerRevisionCreate and ValidateControllerRevisionUpdate. */
export const controllerRevisionRules: Rules = {
  validate(object, old) {
    const { data, revision } = object;
    const errors = validateNonNegative('revision', revision);
    if (old) return [...errors, ...validateImmutable(data, old['data'], 'data')];
    if (data === undefined || data === null) return [...errors, required('data', 'data is mandatory')];
    const isObject = typeof data === 'object' && !Array.isArray(data);
    return isObject ? errors : [...errors, required('data', 'data must be a valid JSON object')];
  },
  columns: [
    column('Controller', ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
      const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
      return owner ? `${owner.kind.toLowerCase()}${group}/${owner.name}` : '<none>';
    }),
    column('Revision', (object) => object['revision'] ?? 0),
  ],
};

/** PodTemplates are templates and nothing else. */
export const podTemplateRules: Rules = {
  returnsDeleted: true,
  generationOn: (object, old) => !isDeepStrictEqual(object['template'], old['template']),
  defaults: (object) => defaultPodTemplate(object),
  validate: (object) => validatePodSpec(part(part(object, 'template'), 'spec'), 'template.spec'),
  columns: [...templateColumns((object) => part(object, 'template'))]
    .map(({ priority: _wide, ...shown }) => shown)
    .concat(
      column('Pod Labels', (object) =>
        selectorText(part(part(part(object, 'template'), 'metadata'), 'labels') as Record<string, string>),
      ),
    ),
};

/** pkg/apis/core/v1/defaults.go SetDefaults_LimitRangeItem: limits follow from what is given. */
export const limitRangeRules: Rules = {
  createOnUpdate: true,
  defaults(object) {
    for (const limit of (specOf(object)['limits'] ?? []) as Record<string, JsonObject>[]) {
      if ((limit['type'] as unknown) !== 'Container') continue;
      const limits = { ...limit['max'], ...limit['default'] };
      const requests = { ...limit['min'], ...limits, ...limit['defaultRequest'] };
      if (Object.keys(limits).length > 0) limit['default'] = limits;
      if (Object.keys(requests).length > 0) limit['defaultRequest'] = requests;
    }
  },
};

/** pkg/apis/core/v1/defaults.go SetDefaults_Endpoints; deprecated, and saying so. */
export const endpointsRules: Rules = {
  createOnUpdate: true,
  defaults(object) {
    for (const subset of (object['subsets'] ?? []) as JsonObject[])
      for (const port of (subset['ports'] ?? []) as JsonObject[]) port['protocol'] ??= 'TCP';
  },
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  columns: [
    column('Endpoints', (object) => {
      const all = ((object['subsets'] ?? []) as Record<string, JsonObject[] | undefined>[]).flatMap((subset) =>
        (subset['ports'] ?? [{}]).flatMap(({ port }) =>
          (subset['addresses'] ?? []).map(({ ip }) => (port ? `${String(ip)}:${Number(port)}` : String(ip))),
        ),
      );
      if (all.length === 0) return '<none>';
      return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
    }),
  ],
};

/** printResourceQuota: what is used of what, requests and limits apart. */
export const quotaRules: Rules = {
  returnsDeleted: true,
  columns: [false, true].map((limits) =>
    column(limits ? 'Limit' : 'Request', (object) => {
      const { hard, used } = part(object, 'status') as Record<'hard' | 'used', Record<string, string> | undefined>;
      return Object.entries(hard ?? {})
        .filter(([name]) => name.startsWith('limits.') === limits)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, most]) => `${name}: ${used?.[name] ?? 0}/${most}`)
        .join(', ');
    }),
  ),
};

/** printIngressClass */
export const ingressClassRules: Rules = {
  ...COUNTED,
  columns: [
    column('Controller', (object) => specOf(object)['controller'] ?? ''),
    column('Parameters', (object) => {
      const { apiGroup, kind, name } = part(specOf(object), 'parameters') as Record<string, string | undefined>;
      return name ? `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}` : '<none>';
    }),
  ],
};

/** pkg/apis/storage/v1/defaults.go SetDefaults_StorageClass */
export const storageClassRules: Rules = {
  ...RETURNED,
  defaults(object) {
    object['reclaimPolicy'] ??= 'Delete';
    object['volumeBindingMode'] ??= 'Immediate';
  },
  columns: [
    column('Provisioner', (object) => object['provisioner'] ?? ''),
    column('ReclaimPolicy', (object) => object['reclaimPolicy'] ?? ''),
    column('VolumeBindingMode', (object) => object['volumeBindingMode'] ?? ''),
    column('AllowVolumeExpansion', (object) => object['allowVolumeExpansion'] === true),
  ],
};

const HPA_COLUMNS = [
  column('Reference', (object) => {
    const { kind, name } = part(specOf(object), 'scaleTargetRef') as Record<string, string | undefined>;
    return `${kind}/${name}`;
  }),
  column('Targets', (object) => {
    const metrics = (specOf(object)['metrics'] ?? []) as Record<string, JsonObject>[];
    const texts = metrics.map((metric) => {
      const source = metric['resource'] ?? {};
      const { averageUtilization, averageValue } = part(source, 'target') as Record<string, string | undefined>;
      const wanted = averageUtilization === undefined ? (averageValue ?? '<auto>') : `${averageUtilization}%`;
      return `${source['name'] as string}: <unknown>/${wanted}`;
    });
    return texts.length > 0 ? texts.join(', ') : '<none>';
  }),
  column('MinPods', (object) => String((specOf(object)['minReplicas'] as number | undefined) ?? '<unset>')),
  column('MaxPods', (object) => specOf(object)['maxReplicas'] ?? 0),
  column('Replicas', (object) => part(object, 'status')['currentReplicas'] ?? 0),
];

/** printHorizontalPodAutoscaler, as long as nobody measures; pkg/apis/autoscaling/v2/defaults.go. */
export const autoscalerRules: Rules = {
  defaults(object) {
    const spec = specOf(object);
    spec['minReplicas'] ??= 1;
    part(object, 'status')['currentMetrics'] ??= null;
    part(object, 'status')['desiredReplicas'] ??= 0;
  },
  columns: HPA_COLUMNS,
};
