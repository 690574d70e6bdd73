/**
 * Field errors, and the rules for names, labels and object metadata, with the API server's texts.
 * k8s.io/apimachinery: pkg/util/validation, pkg/api/validate/content, pkg/api/validation/objectmeta.go,
 * pkg/apis/meta/v1/validation.
 *
 * The core runs `validateObjectMeta` with `isPathSegmentName` for every resource (registry/rest/create.go, update.go);
 * the strategies run it again with their own name rule, which is why a real server repeats some causes on updates.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  bytes,
  isDNS1123Label,
  isQualifiedName,
  isValidLabelValue,
  isValidPortName,
  isValidPortNumber,
} from './names.ts';
import type { NameRule, TextRule } from './names.ts';
import { fieldErrorBody } from './status.ts';
import type { FieldError, JsonObject, ObjectMeta } from './types.ts';

export * from './names.ts';

/** The constructors of field errors are those of field/errors.go: the path of the field, its bad value, what is wrong. */
export function required(field: string, detail = ''): FieldError {
  return { type: 'Required', field, value: '', detail };
}
/** A value that breaks a rule. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { type: 'Invalid', field, value, detail };
}
/** A value of the wrong type. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'TypeInvalid', field, value, detail };
}
/** A value outside an enumeration; `supported` is listed in the order given. */
export function notSupported(field: string, value: unknown, supported: string[]): FieldError {
  return { type: 'NotSupported', field, value, supported };
}
/** A value that must be unique. */
export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'Duplicate', field, value };
}
/** A reference to something that is not there. */
export function notFoundValue(field: string, value: unknown): FieldError {
  return { type: 'NotFound', field, value };
}
/** A field that may not be set, or not changed, here. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'Forbidden', field, value: '', detail };
}
/** Text over `maxBytes`; the value is not repeated. */
export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: 'TooLong', field, detail: `may not be more than ${maxBytes} byte${maxBytes === 1 ? '' : 's'}` };
}
/** A list with `actual` instead of at most `max` items. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'TooMany', field, value: actual, detail: `must have at most ${max} item${max === 1 ? '' : 's'}` };
}

/** The text of a field error with its path, as in the message of a 422. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

const each = (rule: TextRule, field: string, value: string, checked = value): FieldError[] =>
  rule(checked).map((text) => invalidValue(field, value, text));

/** Keys and values of labels, in their order. */
export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...each(isQualifiedName, field, key),
    ...each(isValidLabelValue, field, value),
  ]);
}

const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;

/** Keys of annotations in any case, and 256 KiB for all of them. */
function validateAnnotations(annotations: Record<string, string> | undefined, field: string): FieldError[] {
  const entries = Object.entries(annotations ?? {});
  const errors = entries.flatMap(([key]) => each(isQualifiedName, field, key, key.toLowerCase()));
  const size = entries.reduce((sum, [key, value]) => sum + bytes(key) + bytes(value), 0);
  return size > ANNOTATIONS_LIMIT_BYTES ? [...errors, tooLong(field, ANNOTATIONS_LIMIT_BYTES)] : errors;
}

/** metav1.LabelSelector as a field of an object (not the text of a query). */
export function validateLabelSelector(selector: unknown, field: string): FieldError[] {
  const { matchLabels, matchExpressions } = (selector ?? {}) as {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key?: string; operator?: string; values?: string[] }[];
  };
  const requirements = (matchExpressions ?? []).flatMap(({ key = '', operator = '', values = [] }, index) => {
    const at = `${field}.matchExpressions[${index}]`;
    const errors: FieldError[] = [];
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        errors.push(
          forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
    } else errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    errors.push(...each(isQualifiedName, `${at}.key`, key));
    for (const [position, value] of values.entries())
      errors.push(...each(isValidLabelValue, `${at}.values[${position}]`, value));
    return errors;
  });
  return [...validateLabels(matchLabels, `${field}.matchLabels`), ...requirements];
}

function validateOwnerReferences(meta: ObjectMeta, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let controller = '';
  for (const owner of meta.ownerReferences ?? []) {
    // schema.ParseGroupVersion: no version in what is empty, ends with a slash or has two.
    if (!/^(?:[^\/]*\/)?[^\/]+$/v.test(owner.apiVersion ?? ''))
      errors.push(invalidValue(`${field}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const)
      if (!owner[key]) errors.push(invalidValue(`${field}.${key}`, owner[key] ?? '', 'must not be empty'));
    if (owner.apiVersion === 'v1' && owner.kind === 'Event')
      errors.push(invalidValue(field, owner, '/v1, Kind=Event is disallowed from being an owner'));
    if (owner.controller !== true) continue;
    const current = `${owner.kind}/${owner.name}`;
    const text = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${current}`;
    if (controller) errors.push(invalidValue(field, meta.ownerReferences, text));
    else controller = current;
  }
  return errors;
}

function validateFinalizers(finalizers: string[], field: string): FieldError[] {
  const errors = finalizers.flatMap((finalizer) => each(isQualifiedName, field, finalizer));
  const both = finalizers.includes('orphan') && finalizers.includes('foregroundDeletion');
  const text = 'finalizer orphan and foregroundDeletion cannot be both set';
  return both ? [...errors, invalidValue(field, finalizers, text)] : errors;
}

/** pkg/apis/core/validation validateKubeFinalizerName: what the strategies of built-in types check on top. */
export function validateStandardFinalizers(finalizers: string[] = [], path = 'metadata.finalizers'): FieldError[] {
  const text = 'name is neither a standard finalizer name nor is it fully qualified';
  return finalizers.flatMap((name, index) =>
    name.includes('/') || ['kubernetes', 'orphan', 'foregroundDeletion'].includes(name)
      ? []
      : [invalidValue(`${path}[${index}]`, name, text)],
  );
}

function validateManagedFields(meta: ObjectMeta, field: string): FieldError[] {
  return (meta.managedFields ?? []).flatMap((entry, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (entry.operation !== 'Apply' && entry.operation !== 'Update')
      errors.push(invalidValue(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    if (entry.fieldsType && entry.fieldsType !== 'FieldsV1')
      errors.push(invalidValue(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    return [...errors, ...validateFieldManager(entry.manager ?? '', `${at}.manager`)];
  });
}

/** The `fieldManager` query parameter, and `manager` in managedFields. */
export function validateFieldManager(manager: string, field: string): FieldError[] {
  const errors = bytes(manager) > 128 ? [tooLong(field, 128)] : [];
  let position = 0;
  for (const character of manager) {
    if (/[\p{C}\p{Zl}\p{Zp}]/v.test(character) || (/\p{Zs}/v.test(character) && character !== ' ')) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalidValue(field, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += bytes(character);
  }
  return errors;
}

/** ValidateObjectMeta: the metadata of an object to be created, after its name was generated. */
export function validateObjectMeta(
  meta: ObjectMeta,
  namespaced: boolean,
  nameRule: NameRule,
  path = 'metadata',
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName)
    for (const text of nameRule(meta.generateName, true))
      errors.push(invalidValue(`${path}.generateName`, meta.generateName, text));
  if (meta.name) errors.push(...each((name) => nameRule(name, false), `${path}.name`, meta.name));
  else errors.push(required(`${path}.name`, 'name or generateName is required'));
  if (!namespaced) {
    if (meta.namespace) errors.push(forbiddenField(`${path}.namespace`, 'not allowed on this type'));
  } else if (meta.namespace) errors.push(...each(isDNS1123Label, `${path}.namespace`, meta.namespace));
  else errors.push(required(`${path}.namespace`));
  return [
    ...errors,
    ...validateNonNegative(`${path}.generation`, meta.generation),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta, `${path}.ownerReferences`),
    ...validateFinalizers(meta.finalizers ?? [], `${path}.finalizers`),
    ...validateManagedFields(meta, `${path}.managedFields`),
  ];
}

/** ValidateNonnegativeField. An absent number is none. */
export function validateNonNegative(field: string, value: unknown): FieldError[] {
  const isNegative = typeof value === 'number' && value < 0;
  return isNegative ? [invalidValue(field, value, 'must be greater than or equal to 0')] : [];
}

/** A text that must pass `rule`; absent and empty ones are not looked at. */
export function validateText(rule: TextRule, field: string, value: unknown): FieldError[] {
  return typeof value === 'string' && value !== '' ? each(rule, field, value) : [];
}

/** One of an enumeration: required, and listed in the order given. */
export function validateOneOf(values: string[], field: string, value: unknown): FieldError[] {
  if (value === undefined || value === '') return [required(field)];
  return values.includes(value as string) ? [] : [notSupported(field, value, values)];
}

/** A port by number or by name (ValidatePortNumOrName). */
export function validatePort(field: string, value: unknown): FieldError[] {
  if (typeof value === 'string') return each(isValidPortName, field, value);
  return isValidPortNumber(value).map((text) => invalidValue(field, value ?? 0, text));
}

/** ValidateImmutableField. Absent and null are the same, as in Go's zero values. */
export function validateImmutable(value: unknown, old: unknown, field: string): FieldError[] {
  return isDeepStrictEqual(value ?? undefined, old ?? undefined)
    ? []
    : [invalidValue(field, value ?? null, 'field is immutable')];
}

/** ValidateObjectMetaUpdate: what an update may not change in the metadata. */
export function validateObjectMetaUpdate(meta: ObjectMeta, old: ObjectMeta, path = 'metadata'): FieldError[] {
  const errors: FieldError[] = [];
  const added = (meta.finalizers ?? []).filter((finalizer) => !(old.finalizers ?? []).includes(finalizer)).toSorted();
  if (old.deletionTimestamp && added.length > 0) {
    const list = `[]string{${[...new Set(added)].map((name) => JSON.stringify(name)).join(', ')}}`;
    const text = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
    errors.push(forbiddenField(`${path}.finalizers`, text));
  }
  if (!meta.resourceVersion)
    errors.push(invalidValue(`${path}.resourceVersion`, meta.resourceVersion ?? '', 'must be specified for an update'));
  if ((meta.generation ?? 0) < (old.generation ?? 0))
    errors.push(invalidValue(`${path}.generation`, meta.generation ?? 0, 'must not be decremented'));
  const fixed = [
    'name',
    'namespace',
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const;
  return [
    ...errors,
    ...fixed.flatMap((key) => validateImmutable(meta[key], old[key], `${path}.${key}`)),
    ...validateLabels(meta.labels, `${path}.labels`),
    ...validateAnnotations(meta.annotations, `${path}.annotations`),
    ...validateOwnerReferences(meta, `${path}.ownerReferences`),
    ...validateManagedFields(meta, `${path}.managedFields`),
  ];
}

/** The object under `key`, or an empty one: for reading optional parts of raw JSON. */
export function part(object: JsonObject | undefined, key: string): JsonObject {
  const value = object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A struct as Go's own JSON of its internal types shows it in a bad value: its fields in their order, null where nothing is. */
export function goStruct(value: JsonObject, fields: string[]): JsonObject {
  return Object.fromEntries(
    fields.map((field) => [`${field.charAt(0).toUpperCase()}${field.slice(1)}`, value[field] ?? null]),
  );
}
