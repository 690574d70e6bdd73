/** pkg/apis/core/validation/validation.go: ValidateVolumes, and the field and key selectors that volumes share with variables. */
import { parseQuantity } from '../cel/quantity.ts';
import type { FieldError, JsonObject } from '../types.ts';
import {
  duplicate,
  forbiddenField,
  invalidValue,
  isConfigMapKey,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  notSupported,
  required,
  validateOneOf,
  validateText,
} from '../validation.ts';
import type { Volume } from './pod-types.ts';

type Check = (source: JsonObject, path: string) => FieldError[];
const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const needs = (source: JsonObject, key: string, path: string): FieldError[] =>
  text(source[key]) === '' ? [required(`${path}.${key}`)] : [];

const MAX_FILE_MODE = 0o777;
function validateMode(source: JsonObject, key: string, path: string): FieldError[] {
  const mode = source[key];
  if (typeof mode !== 'number' || (mode >= 0 && mode <= MAX_FILE_MODE)) return [];
  return [invalidValue(`${path}.${key}`, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

/** validatePathNoBacksteps */
function validateNoBacksteps(value: string, field: string): FieldError[] {
  return value.split('/').includes('..') ? [invalidValue(field, value, "must not contain '..'")] : [];
}

/** validateLocalDescendingPath: relative, and not upwards. */
export function validateLocalPath(value: string, field: string): FieldError[] {
  const absolute = value.startsWith('/') ? [invalidValue(field, value, 'must be a relative path')] : [];
  return [...absolute, ...validateNoBacksteps(value, field)];
}

/** ValidateLocalNonReservedPath */
function validateFilePath(value: string, field: string): FieldError[] {
  const isReserved = /^\.\.[^\/]/v.test(value);
  return [
    ...validateLocalPath(value, field),
    ...(isReserved ? [invalidValue(field, value, "must not start with '..'")] : []),
  ];
}

const SUBSCRIPTED = /^(?<path>[^\[]*)\['(?<key>.*)'\]$/v;
const ANY_VERSION_FIELDS = new Set(
  `metadata.annotations metadata.labels metadata.name metadata.namespace metadata.uid spec.nodeName spec.restartPolicy
  spec.serviceAccountName spec.schedulerName status.phase status.hostIP status.hostIPs status.podIP status.podIPs`.split(
    /\s+/v,
  ),
);

/** validateObjectFieldSelector with ConvertDownwardAPIFieldLabel; `supported` is what this place may refer to. */
export function validateFieldRef(reference: JsonObject, supported: string[], path: string): FieldError[] {
  const fieldPath = text(reference['fieldPath']);
  const field = `${path}.fieldPath`;
  if (text(reference['apiVersion']) === '') return [required(`${path}.apiVersion`)];
  if (fieldPath === '') return [required(field)];
  const wrong = (detail: string): FieldError[] => [
    invalidValue(field, fieldPath, `error converting fieldPath: ${detail}`),
  ];
  if (reference['apiVersion'] !== 'v1') return wrong(`unsupported pod version: ${text(reference['apiVersion'])}`);
  const { path: base, key = '' } = SUBSCRIPTED.exec(fieldPath)?.groups ?? {};
  if (base !== undefined) {
    if (base !== 'metadata.annotations' && base !== 'metadata.labels')
      return wrong(`field label does not support subscript: ${fieldPath}`);
    return validateText(isQualifiedName, path, base === 'metadata.labels' ? key : key.toLowerCase());
  }
  if (!ANY_VERSION_FIELDS.has(fieldPath)) return wrong(`field label not supported: ${fieldPath}`);
  return supported.includes(fieldPath) ? [] : [notSupported(field, fieldPath, supported.toSorted())];
}

const RESOURCE_FIELDS = ['cpu', 'ephemeral-storage', 'memory'].flatMap((name) => [
  `limits.${name}`,
  `requests.${name}`,
]);

/** validateContainerResourceFieldSelector */
export function validateResourceFieldRef(reference: JsonObject, inVolume: boolean, path: string): FieldError[] {
  const resource = text(reference['resource']);
  if (inVolume && text(reference['containerName']) === '') return [required(`${path}.containerName`)];
  if (resource === '') return [required(`${path}.resource`)];
  if (RESOURCE_FIELDS.includes(resource) || /^(?:limits|requests)\.hugepages-/v.test(resource)) return [];
  return [notSupported(`${path}.resource`, resource, RESOURCE_FIELDS.toSorted())];
}

/** validateConfigMapKeySelector and validateSecretKeySelector */
export function validateKeyRef(reference: JsonObject, path: string): FieldError[] {
  const [name, key] = [text(reference['name']), text(reference['key'])];
  return [
    ...isDNS1123Subdomain(name).map((problem) => invalidValue(`${path}.name`, name, problem)),
    ...(key === '' ? [required(`${path}.key`)] : validateText(isConfigMapKey, `${path}.key`, key)),
  ];
}

const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

function validateDownwardItem(item: JsonObject, path: string): FieldError[] {
  const { fieldRef, resourceFieldRef } = item as Record<string, JsonObject | undefined>;
  const neither = [required(path, 'one of fieldRef and resourceFieldRef is required')];
  const both = 'fieldRef and resourceFieldRef can not be specified simultaneously';
  return [
    ...needs(item, 'path', path),
    ...validateFilePath(text(item['path']), `${path}.path`),
    ...(fieldRef
      ? [
          ...validateFieldRef(fieldRef, VOLUME_FIELDS, `${path}.fieldRef`),
          ...(resourceFieldRef ? [invalidValue(path, 'resource', both)] : []),
        ]
      : resourceFieldRef
        ? validateResourceFieldRef(resourceFieldRef, true, `${path}.resourceFieldRef`)
        : neither),
    ...validateMode(item, 'mode', path),
  ];
}

const validateItems: Check = (source, path) =>
  list(source['items']).flatMap((item, index) => {
    const at = `${path}.items[${index}]`;
    return [
      ...needs(item, 'key', at),
      ...needs(item, 'path', at),
      ...validateFilePath(text(item['path']), `${at}.path`),
      ...validateMode(item, 'mode', at),
    ];
  });

const named =
  (key: string): Check =>
  (source, path) => [
    ...needs(source, key, path),
    ...validateMode(source, 'defaultMode', path),
    ...validateItems(source, path),
  ];

// Items of the downward API are reported without their position, as in Kubernetes.
const validateDownward: Check = (source, path) => [
  ...validateMode(source, 'defaultMode', path),
  ...list(source['items']).flatMap((item) => validateDownwardItem(item, path)),
];

const validateToken: Check = (source, path) => {
  const seconds = source['expirationSeconds'];
  const field = `${path}.expirationSeconds`;
  const short = typeof seconds === 'number' && seconds < 600;
  return [
    ...(short ? [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')] : []),
    ...needs(source, 'path', path),
    ...validateFilePath(text(source['path']), `${path}.path`),
  ];
};

const PROJECTIONS: Record<string, Check> = {
  secret: named('name'),
  configMap: named('name'),
  downwardAPI: validateDownward,
  serviceAccountToken: validateToken,
};

const validateProjected: Check = (source, path) => [
  ...validateMode(source, 'defaultMode', path),
  ...list(source['sources']).flatMap((projection, index) => {
    const at = `${path}.sources[${index}]`;
    const kinds = Object.keys(projection);
    const several = kinds.length > 1 ? [forbiddenField(at, 'may not specify more than 1 volume type per source')] : [];
    const of = (kind: string): FieldError[] =>
      PROJECTIONS[kind]?.(projection[kind] as JsonObject, `${at}.${kind}`) ?? [];
    return [...kinds.flatMap(of), ...several];
  }),
];

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

const SOURCES: Record<string, Check> = {
  emptyDir({ sizeLimit }, path) {
    const isNegative = typeof sizeLimit === 'string' && (parseQuantity(sizeLimit)?.nanos ?? 0n) < 0n;
    const text = 'SizeLimit field must be a valid resource quantity';
    return isNegative ? [forbiddenField(`${path}.sizeLimit`, text)] : [];
  },
  hostPath(source, path) {
    if (text(source['path']) === '') return needs(source, 'path', path);
    const type = text(source['type']);
    return [
      ...validateNoBacksteps(text(source['path']), `${path}.path`),
      ...(type === '' ? [] : validateOneOf(HOST_PATH_TYPES, `${path}.type`, type)),
    ];
  },
  secret: named('secretName'),
  configMap: named('name'),
  persistentVolumeClaim: (source, path) => needs(source, 'claimName', path),
  nfs: (source, path) => [...needs(source, 'server', path), ...needs(source, 'path', path)],
  csi: (source, path) => needs(source, 'driver', path),
  downwardAPI: validateDownward,
  projected: validateProjected,
};

/** All volumes of a pod: the names of the good ones, and what is wrong with the others. */
export function validateVolumes(volumes: Volume[], path: string): { names: Set<string>; errors: FieldError[] } {
  const names = new Set<string>();
  const errors = volumes.flatMap((volume, index) => {
    const { name = '', ...sources } = volume;
    const at = `${path}[${index}]`;
    const [first, ...extra] = Object.keys(sources);
    const found = first === undefined ? [] : (SOURCES[first]?.(sources[first] as JsonObject, `${at}.${first}`) ?? []);
    for (const kind of extra) found.push(forbiddenField(`${at}.${kind}`, 'may not specify more than 1 volume type'));
    if (name === '') found.push(required(`${at}.name`));
    else found.push(...validateText(isDNS1123Label, `${at}.name`, name));
    if (names.has(name)) found.push(duplicate(`${at}.name`, name));
    if (found.length === 0) names.add(name);
    return found;
  });
  return { names, errors };
}
