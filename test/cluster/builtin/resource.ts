/** Builds a served resource from one line of the catalogue and the rules of its type. */
import { isDeepStrictEqual } from 'node:util';
import { builtinSchema } from '../schema/builtin.ts';
import type {
  Column,
  FieldError,
  KubeObject,
  Resource,
  ResourceAdmission,
  Schema,
  Strategy,
  Subresource,
  WriteContext,
} from '../types.ts';
import {
  nameIsDNSSubdomain,
  validateObjectMeta,
  validateObjectMetaUpdate,
  validateStandardFinalizers,
  type NameRule,
} from '../validation.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateShape } from './required.ts';
import { roundTrip } from './round-trip.ts';

/** What a type adds to the behaviour that all types share. Everything is optional. */
export interface Rules extends Pick<
  Strategy,
  | 'createOnUpdate'
  | 'unconditionalUpdate'
  | 'gracefulDelete'
  | 'generationOn'
  | 'selectableFields'
  | 'warnings'
  | 'markDeleted'
  | 'held'
  | 'returnsDeleted'
> {
  nameRule?: NameRule;
  defaults?(object: KubeObject): void;
  prepareCreate?(object: KubeObject, context: WriteContext): void;
  prepareUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  /** All that is wrong with the object; with `old`, also what the update may not change. Instead of the check against the schema. */
  validate?(object: KubeObject, old: KubeObject | undefined, context: WriteContext): FieldError[];
  /** Kubernetes validates the metadata of some types twice on updates, which shows in the number of causes. */
  metadataOnUpdate?: boolean;
  /** False for events: only the core looks at their metadata. */
  validatesMetadata?: boolean;
  convert?(object: KubeObject): KubeObject;
  /** What a write to /status changes besides taking over the new status. */
  prepareStatus?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  validateStatus?(object: KubeObject, old: KubeObject): FieldError[];
  /** The columns between Name and Age; all of them when Name is among them. */
  columns?: Column[];
  /** The warning that every request for the type earns. */
  deprecation?: string;
  subresources?: Record<string, Subresource>;
  admission?: ResourceAdmission;
}

export interface Entry {
  plural: string;
  kind: string;
  cluster?: boolean;
  short?: string[];
  categories?: string[];
  verbs?: string[];
  /** True: the type has a status that only /status writes. */
  status?: boolean;
  rules?: Rules;
  /** Where another version or group of the same objects keeps them. */
  storageKey?: string;
}

export const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
export const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

/** For types whose generation counts changes of the spec. */
export function specChanged(object: KubeObject, old: KubeObject): boolean {
  return !isDeepStrictEqual(object['spec'], old['spec']);
}

/** Parts of a strategy that rules give as they are. */
const SHARED = [
  ...(['createOnUpdate', 'unconditionalUpdate', 'gracefulDelete', 'generationOn', 'selectableFields'] as const),
  ...(['warnings', 'markDeleted', 'held', 'returnsDeleted'] as const),
];

const CREATED_AT = column('Created At', (object) => object.metadata.creationTimestamp, 'date');

function shapeErrors(object: KubeObject, schema: Schema | undefined): FieldError[] {
  const properties = Object.entries(schema?.properties ?? {}).filter(
    ([name]) => name !== 'metadata' && name !== 'status',
  );
  return validateShape(object, schema && { ...schema, properties: Object.fromEntries(properties) }, '');
}

/** Go writes out the structs of spec and status even when they are empty. */
function fillStructs(object: KubeObject, schema: Schema | undefined): void {
  for (const name of ['spec', 'status'])
    if (schema?.properties && Object.hasOwn(schema.properties, name)) object[name] ??= {};
}

function strategyOf(entry: Entry, schema: () => Schema | undefined): Strategy {
  const { rules = {}, status, cluster = false } = entry;
  const nameRule = rules.nameRule ?? nameIsDNSSubdomain;
  const validate = (object: KubeObject, old: KubeObject | undefined, context: WriteContext): FieldError[] =>
    rules.validate ? rules.validate(object, old, context) : shapeErrors(object, schema());
  const validateMetadata = ({ metadata }: KubeObject): FieldError[] => [
    ...validateObjectMeta(metadata, !cluster, nameRule),
    ...validateStandardFinalizers(metadata.finalizers),
  ];
  const ownMetadata = rules.validatesMetadata !== false;
  const shared = SHARED.filter((key) => rules[key] !== undefined).map((key) => [key, rules[key]]);
  return {
    ...(Object.fromEntries(shared) as Strategy),
    defaults(object) {
      const shape = schema();
      if (shape) roundTrip(object, shape);
      fillStructs(object, shape);
      rules.defaults?.(object);
    },
    prepareCreate(object, context) {
      if (status) object['status'] = {};
      rules.prepareCreate?.(object, context);
    },
    validateCreate: (object, context) => [
      ...(ownMetadata ? validateMetadata(object) : []),
      ...validate(object, undefined, context),
    ],
    prepareUpdate(object, old, context) {
      if (status) object['status'] = old['status'] ?? {};
      rules.prepareUpdate?.(object, old, context);
    },
    validateUpdate: (object, old, context) => [
      ...(ownMetadata ? validateObjectMetaUpdate(object.metadata, old.metadata) : []),
      ...(ownMetadata ? validateStandardFinalizers(object.metadata.finalizers) : []),
      ...(rules.metadataOnUpdate ? validateMetadata(object) : []),
      ...validate(object, old, context),
    ],
  };
}

/** /status: everything but the status, and the metadata, stays as it was. */
function statusStrategy(base: Strategy, rules: Rules): Strategy {
  return {
    ...Object.fromEntries(Object.entries(base).filter(([key]) => key !== 'generationOn')),
    prepareUpdate(object, old, context) {
      for (const name of Object.keys(old))
        if (!['metadata', 'status', 'kind', 'apiVersion'].includes(name)) object[name] = old[name];
      rules.prepareStatus?.(object, old, context);
    },
    validateUpdate: (object, old) => [
      ...validateObjectMetaUpdate(object.metadata, old.metadata),
      ...(rules.validateStatus?.(object, old) ?? []),
    ],
  };
}

/** The resource that an entry of the catalogue describes. */
export function resource(group: string, version: string, entry: Entry): Resource {
  const { plural, kind, rules = {} } = entry;
  let found: Schema | undefined;
  const schema = (): Schema | undefined => (found ??= builtinSchema(group, version, kind));
  const strategy = strategyOf(entry, schema);
  const status: Record<string, Subresource> = entry.status
    ? { status: { verbs: SUBRESOURCE_VERBS, kind, strategy: statusStrategy(strategy, rules) } }
    : {};
  return {
    group,
    version,
    plural,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: !entry.cluster,
    shortNames: entry.short ?? [],
    categories: entry.categories ?? [],
    verbs: entry.verbs ?? ALL_VERBS,
    subresources: { ...status, ...rules.subresources },
    strategy,
    schema,
    columns: columnsOf(rules.columns),
    ...(rules.convert ? { convert: (object: KubeObject) => rules.convert?.(object) ?? object } : {}),
    ...(rules.deprecation ? { deprecation: rules.deprecation } : {}),
    ...(rules.admission ? { admission: rules.admission } : {}),
    storageKey: entry.storageKey ?? (group ? `${plural}.${group}` : plural),
  };
}

function columnsOf(columns: Column[] | undefined): Column[] {
  const has = (name: string): boolean => columns?.some((shown) => shown.name === name) === true;
  if (!columns) return [nameColumn, CREATED_AT];
  if (has('Name')) return columns;
  return [nameColumn, ...columns, ...(has('Age') || has('Created At') ? [] : [ageColumn])];
}
