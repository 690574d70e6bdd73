/** The rules of a custom resource (apiextensions-apiserver/pkg/registry/customresource/strategy.go, status_strategy.go, validator.go). */
import { forbidden } from '../status.ts';
import { copy, equal } from '../storage/json.ts';
import type { FieldError, JsonObject, KubeObject, ObjectStore, Schema, Strategy, WriteContext } from '../types.ts';
import {
  fieldErrorText,
  invalidValue,
  isQualifiedName,
  nameIsDNSSubdomain,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../validation.ts';
import { isTrue } from './conditions.ts';
import { CRD_STORAGE_KEY, type CustomResourceDefinition } from './definition.ts';
import { embeddedErrors } from './embedded.ts';
import { duplicateElements } from './lists.ts';
import { brokenRules, hasRules } from './rules.ts';
import { scaleErrors, type ScalePaths } from './scale.ts';
import { applyDefaults, dropNulls, prune } from './structural.ts';
import { underField, validateValue } from './validate-value.ts';

/** What the strategies of a custom resource go by. */
export interface Rules {
  kind: string;
  apiVersion: string;
  schema: Schema;
  namespaced: boolean;
  status: boolean;
  scale?: ScalePaths | undefined;
  /** Name, group and plural of the definition. */
  definition: { name: string; group: string; plural: string };
}

/** How objects are created and updated. */
export function strategyOf(rules: Rules): Strategy {
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
      refuseWhenTerminating(context.store, rules.definition, object.metadata.name);
      if (status) delete object['status'];
      object.metadata.generation = 1;
    },
    prepareUpdate(object, old) {
      if (!status) return;
      if (Object.hasOwn(old, 'status')) object['status'] = old['status'];
      else delete object['status'];
    },
    validateCreate: (object, context) => {
      const wrongType = typeErrors(object, rules);
      if (wrongType.length > 0) return wrongType;
      return withRules(
        [
          ...validateObjectMeta(object.metadata, rules.namespaced, nameIsDNSSubdomain),
          ...validateValue(object, schema, ''),
          ...scaleErrors(object, scalePaths(rules)),
        ],
        object,
        undefined,
        schema,
        (text) => context.warn(text),
      );
    },
    validateUpdate: (object, old, context) =>
      updateErrors(object, old, context, rules, [
        ...validateValue(object, schema, '', old),
        ...scaleErrors(object, scalePaths(rules)),
      ]),
  };
}

function scalePaths({ scale }: Rules): string[] {
  return scale === undefined ? [] : [scale.specReplicasPath, scale.statusReplicasPath];
}

/** /status takes nothing but the status. */
export function statusStrategy(rules: Rules): Strategy {
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
    validateUpdate: (object, old, context) => {
      const schema = rules.schema.properties?.['status'];
      return updateErrors(
        object,
        old,
        context,
        rules,
        object['status'] === undefined
          ? []
          : underField(validateValue(object['status'], schema, '', old['status']), 'status'),
      );
    },
  };
}

function updateErrors(
  object: KubeObject,
  old: KubeObject,
  context: WriteContext,
  rules: Rules,
  valueErrors: FieldError[],
): FieldError[] {
  const wrongType = typeErrors(object, rules);
  if (wrongType.length > 0) return wrongType;
  return withRules(
    [...validateObjectMetaUpdate(object.metadata, old.metadata), ...valueErrors],
    object,
    old,
    rules.schema,
    (text) => context.warn(text),
  );
}

const blocking = new Set(['NotSupported', 'Required', 'TooLong', 'TooMany', 'TypeInvalid']);

/** Rules are asked only about objects that are otherwise in order. */
function withRules(
  errors: FieldError[],
  object: KubeObject,
  old: KubeObject | undefined,
  schema: Schema,
  warn: (text: string) => void,
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
  const before = { old, untouched: false, warn: (error: FieldError) => warn(fieldErrorText(error)) };
  return [...all, ...brokenRules(object, rootForRules(schema), '', before)];
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

function withoutMetadata(object: KubeObject): JsonObject {
  return { ...object, metadata: undefined };
}

function refuseWhenTerminating(store: ObjectStore, { name, group, plural }: Rules['definition'], object: string): void {
  const definition = store.get(CRD_STORAGE_KEY, undefined, name) as CustomResourceDefinition | undefined;
  if (definition === undefined || !isTrue(definition, 'Terminating')) return;
  throw forbidden({ group, plural }, object, 'create not allowed while custom resource definition is terminating');
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
