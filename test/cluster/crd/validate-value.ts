/** Validation of values against a schema, with the texts of kube-openapi/pkg/validation as the API server passes them on. */
import { goRegExp } from '../cel/regexp.ts';
import { equal } from '../storage/json.ts';
import type { FieldError, Schema } from '../types.ts';
import { invalidValue, notSupported, required, tooLong, tooMany, typeInvalid } from '../validation.ts';
import { hasFormat, isChecked } from './formats.ts';
import { fieldOf, isObject } from './structural.ts';

/**
 * What is wrong with a value.
 * @param path of the value, '' for the root.
 * @param old the value before an update: what did not change is not judged again (ratcheting). Undefined when there is none.
 */
export function validateValue(value: unknown, schema: Schema | undefined, path: string, old?: unknown): FieldError[] {
  if (schema === undefined || (old !== undefined && equal(value, old))) return [];
  if (value === null && schema.nullable === true) return [];
  const errors: FieldError[] = [];
  const invalid = (text: string): void => void errors.push(invalidValue(path, value, `${path} in body ${text}`));
  checkType(value, schema, path, errors);
  if (value !== null) checkCombinations(value, schema, path, errors);
  if (typeof value === 'string') checkString(value, schema, path, errors, invalid);
  if (typeof value === 'number') checkNumber(value, schema, path, errors, invalid);
  if (Array.isArray(value)) checkArray(value, schema, path, old, errors, invalid);
  checkEnum(value, schema, path, errors);
  if (isObject(value)) checkObject(value, schema, path, old, errors);
  return errors;
}

type Report = (text: string) => void;

function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const allowed = intOrString ? ['integer', 'string'] : schema.type === undefined ? [] : [schema.type];
  const actual = jsonType(value);
  if (allowed.length === 0 || allowed.includes(actual) || (actual === 'integer' && allowed.includes('number'))) return;
  const wrong = (expected: string, shown: string): void =>
    void errors.push(typeInvalid(path, shown, `${path} in body must be of type ${expected}: ${JSON.stringify(shown)}`));
  const format =
    schema.type === 'string' && schema.format !== undefined && isChecked(schema.format) ? schema.format : undefined;
  // A format takes the place of the type in the text.
  if (format !== undefined && value !== null && !Array.isArray(value)) wrong(format, goFormat(value));
  else if (format === undefined || value === null) wrong(allowed.join(','), actual);
}

/** What Go's reflection calls the format of a value. */
function goFormat(value: unknown): string {
  return typeof value !== 'number' ? '' : Number.isInteger(value) ? 'int64' : 'double';
}

function checkString(value: string, schema: Schema, path: string, errors: FieldError[], invalid: Report): void {
  const { maxLength, minLength, pattern, format } = schema as {
    maxLength?: number;
    minLength?: number;
    pattern?: string;
    format?: string;
  };
  const length = Array.from(value).length;
  // The first of these that fails is the only one that is told.
  if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength));
  else if (minLength !== undefined && length < minLength) invalid(`should be at least ${minLength} chars long`);
  else if (pattern !== undefined && !goRegExp(pattern).test(value)) invalid(`should match '${pattern}'`);
  if (format !== undefined && !hasFormat(value, format)) {
    errors.push(typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
}

function checkNumber(value: number, schema: Schema, path: string, errors: FieldError[], invalid: Report): void {
  const { maximum, minimum, multipleOf } = schema as { maximum?: number; minimum?: number; multipleOf?: number };
  if (schema.type === 'integer') {
    const limit = schema.format === 'int32' ? 2 ** 31 : 2 ** 63;
    const format =
      schema.format === 'int32' || schema.format === 'int64' ? `with format ${schema.format}` : '(default format)';
    const fits = Number.isInteger(value) && value < limit && value >= -limit;
    if (!fits) errors.push(unplaced(`Checked value must be of type integer ${format} in ${path}`));
  }
  const bound = (limit: number): string => (Number.isInteger(value) ? String(limit) : goFloat(limit));
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf))
    invalid(`should be a multiple of ${bound(multipleOf)}`);
  const below = schema['exclusiveMaximum'] === true;
  if (maximum !== undefined && (below ? value >= maximum : value > maximum)) {
    invalid(`should be less than ${below ? '' : 'or equal to '}${bound(maximum)}`);
  }
  const above = schema['exclusiveMinimum'] === true;
  if (minimum !== undefined && (above ? value <= minimum : value < minimum)) {
    invalid(`should be greater than ${above ? '' : 'or equal to '}${bound(minimum)}`);
  }
}

/** Go's %v of a float64. */
function goFloat(value: number): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return exponent < -4 || exponent >= 6 ? value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') : String(value);
}

function checkArray(
  value: unknown[],
  schema: Schema,
  path: string,
  old: unknown,
  errors: FieldError[],
  invalid: Report,
): void {
  const { maxItems, minItems } = schema as { maxItems?: number; minItems?: number };
  const oldItem = correlation(schema, old);
  for (const [index, item] of value.entries())
    errors.push(...validateValue(item, schema.items, `${path}[${index}]`, oldItem(item)));
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (minItems !== undefined && value.length < minItems)
    errors.push(invalidValue(path, value.length, `${path} in body should have at least ${minItems} items`));
  if (
    schema['uniqueItems'] === true &&
    value.some((item, index) => value.slice(0, index).some((other) => equal(item, other)))
  ) {
    invalid("shouldn't contain duplicates");
  }
}

/** Finds the old element that an element of a list map was; only those can be told apart (apiserver/pkg/cel/common/maplist.go). */
export function correlation(schema: Schema, old: unknown): (item: unknown) => unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !Array.isArray(old)) return () => undefined;
  const keyOf = (item: unknown): string =>
    JSON.stringify(
      keys.map((key) => (isObject(item) ? (item[key] ?? fieldOf(schema.items, key)?.default) : undefined)),
    );
  const elements = new Map(old.map((item: unknown) => [keyOf(item), item]));
  return (item) => elements.get(keyOf(item));
}

function checkObject(
  value: Record<string, unknown>,
  schema: Schema,
  path: string,
  old: unknown,
  errors: FieldError[],
): void {
  const { maxProperties, minProperties } = schema as { maxProperties?: number; minProperties?: number };
  const count = Object.keys(value).length;
  if (maxProperties !== undefined && count > maxProperties) errors.push(tooMany(path, count, maxProperties));
  if (minProperties !== undefined && count < minProperties)
    errors.push(invalidValue(path, count, `${path} in body should have at least ${minProperties} properties`));
  for (const [key, item] of Object.entries(value)) {
    const oldItem = isObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
    errors.push(...validateValue(item, fieldOf(schema, key), join(path, key), oldItem));
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) errors.push(required(join(path, name)));
  }
}

function checkEnum(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  if (schema.enum === undefined || schema.enum.some((allowed) => equal(allowed, value))) return;
  errors.push(
    notSupported(
      path,
      value,
      schema.enum.map((allowed) => (typeof allowed === 'string' ? allowed : JSON.stringify(allowed))),
    ),
  );
}

function checkCombinations(value: unknown, schema: Schema, path: string, errors: FieldError[]): void {
  const {
    allOf = [],
    anyOf = [],
    oneOf = [],
    not,
  } = schema as { allOf?: Schema[]; anyOf?: Schema[]; oneOf?: Schema[]; not?: Schema };
  const results = (schemas: Schema[]): FieldError[][] => schemas.map((part) => validateValue(value, part, path));
  const report = (text: string): void => void errors.push(unplaced(`${JSON.stringify(path)} ${text}`));
  const any = results(anyOf);
  if (any.length > 0 && any.every((found) => found.length > 0)) {
    report('must validate at least one schema (anyOf)');
    errors.push(...fewest(any));
  }
  const one = results(oneOf);
  const matching = one.filter((found) => found.length === 0).length;
  if (one.length > 0 && matching !== 1) {
    report(
      `must validate one and only one schema (oneOf). ${matching === 0 ? 'Found none valid' : `Found ${matching} valid alternatives`}`,
    );
    if (matching === 0) errors.push(...fewest(one));
  }
  const all = results(allOf);
  errors.push(...all.flat());
  const failed = all.filter((found) => found.length > 0).length;
  if (failed > 0) report(`must validate all the schemas (allOf)${failed === all.length ? '. None validated' : ''}`);
  if (not !== undefined && validateValue(value, not, path).length === 0) report('must not validate the schema (not)');
}

/** Errors about combinations, and about the range of numbers, have no field: only their text says where. */
function unplaced(detail: string): FieldError {
  return invalidValue('<nil>', '', detail);
}

/** Errors of a value that was validated on its own, as those of a field. */
export function underField(errors: FieldError[], field: string): FieldError[] {
  return errors.map((error) => ({
    ...error,
    field: error.field === '' || error.field === '<nil>' ? field : `${field}.${error.field}`,
  }));
}

/** The alternative that comes closest explains best what is wrong. */
function fewest(alternatives: FieldError[][]): FieldError[] {
  return alternatives.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
