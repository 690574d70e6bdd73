/** A custom resource as a served resource (apiextensions-apiserver/pkg/registry/customresource, pkg/apiserver/customresource_handler.go). */
import { kubernetesDefinition } from '../../../hack/kubernetes-types.ts';
import { compareVersions } from '../discovery/resources.ts';
import { decodeStrict, duplicateErrors } from '../schema/decode.ts';
import { copy, equal } from '../storage/json.ts';
import { failure } from '../status.ts';
import type {
  FieldError,
  JsonObject,
  KubeObject,
  ObjectStore,
  Resource,
  Schema,
  Strategy,
  Subresource,
} from '../types.ts';
import {
  invalidValue,
  isQualifiedName,
  nameIsDNSSubdomain,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../validation.ts';
import { customColumns } from './columns.ts';
import { isTrue } from './conditions.ts';
import { CRD_STORAGE_KEY, type CustomResourceDefinition, type Version } from './definition.ts';
import { jsonPath } from './jsonpath.ts';
import { embeddedErrors } from './embedded.ts';
import { duplicateElements } from './lists.ts';
import { brokenRules, hasRules } from './rules.ts';
import { scaleSubresource } from './scale.ts';
import { applyDefaults, dropNulls, isObject, lacksDefaults, prune } from './structural.ts';
import { underField, validateValue } from './validate-value.ts';

const objectVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const subresourceVerbs = ['get', 'patch', 'update'];

/** The resource that one version of a definition makes. All versions share their storage; conversion changes nothing but apiVersion. */
export function resourceOf(definition: CustomResourceDefinition, version: Version): Resource {
  const { group, scope, names } = definition.spec;
  const schema = version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const whole = withObjectFields(schema);
  const apiVersion = `${group}/${version.name}`;
  const rules: Rules = {
    kind: names.kind,
    apiVersion,
    schema,
    namespaced: scope === 'Namespaced',
    status: version.subresources?.status !== undefined,
    definition: { name: `${names.plural}.${group}`, group, plural: names.plural },
  };
  return {
    group,
    version: version.name,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    namespaced: rules.namespaced,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: objectVerbs,
    subresources: subresourcesOf(version, rules, group),
    strategy: { ...strategyOf(rules), selectableFields: selectableFieldsOf(version) },
    schema: () => whole,
    columns: customColumns(version.additionalPrinterColumns),
    ...(version.deprecated === true && {
      deprecation: version.deprecationWarning ?? deprecationOf(definition, version),
    }),
    decode: (source) => decode(source, schema),
    read(object) {
      if (!lacksDefaults(object, schema)) return object;
      const shown = copy(object);
      applyDefaults(shown, schema);
      return shown;
    },
    custom: true,
    storageKey: `${names.plural}.${group}`,
  };
}

function deprecationOf({ spec }: CustomResourceDefinition, version: Version): string {
  const { group, names, versions } = spec;
  const newer = versions.filter(
    ({ name, served, deprecated }) => served && deprecated !== true && compareVersions(name, version.name) < 0,
  );
  const best = newer.toSorted((a, b) => compareVersions(a.name, b.name))[0];
  const advice = best === undefined ? '' : `; use ${group}/${best.name} ${names.kind}`;
  return `${group}/${version.name} ${names.kind} is deprecated${advice}`;
}

/** What the strategies of a custom resource go by. */
interface Rules {
  kind: string;
  apiVersion: string;
  schema: Schema;
  namespaced: boolean;
  status: boolean;
  /** Name, group and plural of the definition. */
  definition: { name: string; group: string; plural: string };
}

const metadataSchema: Schema = {
  type: 'object',
  properties: { metadata: kubernetesDefinition('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? {} },
};

/** The schema with the fields that every object has, as OpenAPI documents and field managers need it. */
function withObjectFields(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  const properties = { apiVersion: text, kind: text, ...schema.properties, ...metadataSchema.properties };
  return { ...schema, properties };
}

function decode(source: string | JsonObject, schema: Schema): { object: JsonObject; strictErrors: string[] } {
  const object = typeof source === 'string' ? (JSON.parse(source) as unknown) : copy(source);
  if (!isObject(object)) throw new Error('json: cannot unmarshal into Go value of type map[string]interface {}');
  const strictErrors = typeof source === 'string' ? duplicateErrors(source) : [];
  const metadata = decodeStrict({ metadata: object['metadata'] ?? {} }, metadataSchema);
  object['metadata'] = metadata.object['metadata'];
  const unknown = prune(object, schema).map((path) => `unknown field ${JSON.stringify(path)}`);
  return { object, strictErrors: [...strictErrors, ...metadata.strictErrors, ...unknown] };
}

function strategyOf(rules: Rules): Strategy {
  const { schema, status } = rules;
  return {
    unconditionalUpdate: false,
    defaults(object) {
      prune(object, schema);
      dropNulls(object, schema);
      applyDefaults(object, schema);
    },
    warnings: finalizerWarnings,
    generationOn: (object, old) => !equal(withoutMetadata(object), withoutMetadata(old)),
    prepareCreate(object, context) {
      refuseWhenTerminating(context.store, rules.definition);
      if (status) delete object['status'];
      object.metadata.generation = 1;
    },
    prepareUpdate(object, old) {
      if (!status) return;
      if (Object.hasOwn(old, 'status')) object['status'] = old['status'];
      else delete object['status'];
    },
    validateCreate: (object) => {
      const wrongType = typeErrors(object, rules);
      if (wrongType.length > 0) return wrongType;
      return withRules(
        [
          ...validateObjectMeta(object.metadata, rules.namespaced, nameIsDNSSubdomain),
          ...validateValue(object, schema, ''),
        ],
        object,
        undefined,
        schema,
      );
    },
    validateUpdate: (object, old) => updateErrors(object, old, rules, validateValue(object, schema, '', old)),
  };
}

/** /status takes nothing but the status. */
function statusStrategy(rules: Rules): Strategy {
  return {
    unconditionalUpdate: false,
    defaults(object) {
      prune(object, rules.schema);
      dropNulls(object, rules.schema);
      applyDefaults(object, rules.schema);
    },
    prepareUpdate(object, old) {
      const { status } = object;
      const { managedFields, resourceVersion } = object.metadata;
      for (const key of Object.keys(object)) delete object[key];
      Object.assign(object, copy(old));
      if (managedFields === undefined) delete object.metadata.managedFields;
      else object.metadata.managedFields = managedFields;
      if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
      if (status === undefined) delete object['status'];
      else object['status'] = status;
    },
    validateUpdate: (object, old) => {
      const schema = rules.schema.properties?.['status'];
      return updateErrors(
        object,
        old,
        rules,
        object['status'] === undefined
          ? []
          : underField(validateValue(object['status'], schema, '', old['status']), 'status'),
      );
    },
  };
}

function updateErrors(object: KubeObject, old: KubeObject, rules: Rules, valueErrors: FieldError[]): FieldError[] {
  const wrongType = typeErrors(object, rules);
  if (wrongType.length > 0) return wrongType;
  return withRules(
    [...validateObjectMetaUpdate(object.metadata, old.metadata), ...valueErrors],
    object,
    old,
    rules.schema,
  );
}

const blocking = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);

/** Rules are asked only about objects that are otherwise in order. */
function withRules(
  errors: FieldError[],
  object: KubeObject,
  old: KubeObject | undefined,
  schema: Schema,
): FieldError[] {
  const all = [
    ...errors,
    ...embeddedErrors(object, schema, ''),
    ...(old !== undefined && duplicateElements(old, schema, '').length > 0
      ? []
      : duplicateElements(object, schema, '')),
  ];
  if (hasRules(schema) && all.some(({ type }) => blocking.has(type))) {
    const text =
      'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return [...all, invalidValue('<nil>', null, text)];
  }
  return [...all, ...brokenRules(object, rootForRules(schema), '', old)];
}

const roots = new WeakMap<Schema, Schema>();

/** Rules at the root see apiVersion, kind and the name, like those of embedded resources. */
function rootForRules(schema: Schema): Schema {
  const known = roots.get(schema) ?? { ...schema, 'x-kubernetes-embedded-resource': true };
  roots.set(schema, known);
  return known;
}

function typeErrors(object: KubeObject, { kind, apiVersion }: Rules): FieldError[] {
  return [
    ...(object.kind === kind ? [] : [invalidValue('kind', object.kind, `must be ${kind}`)]),
    ...(object.apiVersion === apiVersion
      ? []
      : [invalidValue('apiVersion', object.apiVersion, `must be ${apiVersion}`)]),
  ];
}

function subresourcesOf(version: Version, rules: Rules, group: string): Record<string, Subresource> {
  const { status, scale } = version.subresources ?? {};
  return {
    ...(status !== undefined && {
      status: {
        verbs: subresourceVerbs,
        kind: rules.kind,
        group,
        version: version.name,
        strategy: statusStrategy(rules),
      },
    }),
    ...(scale !== undefined && { scale: scaleSubresource(scale) }),
  };
}

function selectableFieldsOf(version: Version): Record<string, (object: KubeObject) => string> {
  const fields = (version.selectableFields ?? []).map(
    ({ jsonPath: path }): [string, (object: KubeObject) => string] => {
      const read = jsonPath(path);
      return [
        path.replace(/^\./, ''),
        (object) => String((read(object)[0] as string | number | boolean | undefined) ?? ''),
      ];
    },
  );
  return Object.fromEntries(fields);
}

function withoutMetadata(object: KubeObject): JsonObject {
  return { ...object, metadata: undefined };
}

function refuseWhenTerminating(store: ObjectStore, { name, group, plural }: Rules['definition']): void {
  const definition = store.get(CRD_STORAGE_KEY, undefined, name) as CustomResourceDefinition | undefined;
  if (definition === undefined || !isTrue(definition, 'Terminating')) return;
  const message = 'create not allowed while custom resource definition is terminating';
  throw failure(405, 'MethodNotAllowed', message, { group, kind: plural });
}

const kubernetesFinalizers = ['orphan', 'foregroundDeletion', 'kubernetes'];

/** New finalizers that invite collisions earn a warning (customresource/validator.go). */
function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const added = (object.metadata.finalizers ?? []).filter(
    (finalizer) => !old?.metadata.finalizers?.includes(finalizer),
  );
  return [...new Set(added)].toSorted().flatMap((finalizer) => {
    const warn = (text: string): string => `metadata.finalizers: ${JSON.stringify(finalizer)}: ${text}`;
    const malformed = isQualifiedName(finalizer).map(warn);
    if (finalizer.includes('/') || kubernetesFinalizers.includes(finalizer)) return malformed;
    const path = finalizer.includes('.') ? ' including a path (/)' : '';
    return [
      ...malformed,
      warn(
        `prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`,
      ),
    ];
  });
}
