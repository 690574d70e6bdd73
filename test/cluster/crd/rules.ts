/** The CEL rules of a schema (apiextensions-apiserver/pkg/apiserver/schema/cel/validation.go). */
import { compile, type Program } from '../cel/index.ts';
import { equal } from '../storage/json.ts';
import type { FieldError, Schema } from '../types.ts';
import { correlation } from './validate-value.ts';
import { fieldOf, isObject } from './structural.ts';

export interface Rule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

interface Compiled {
  source: Rule;
  program: Program;
  message: Program | undefined;
  usesOldSelf: boolean;
}

const compiled = new WeakMap<Schema, Compiled[]>();

/** The rules of one schema node. */
export function rulesOf(schema: Schema): Rule[] {
  return (schema['x-kubernetes-validations'] ?? []) as unknown as Rule[];
}

/** True when the schema has a rule anywhere. */
export function hasRules(schema: Schema): boolean {
  const { properties = {}, items, additionalProperties } = schema;
  if (rulesOf(schema).length > 0 || Object.values(properties).some(hasRules)) return true;
  return (
    (items !== undefined && hasRules(items)) ||
    (typeof additionalProperties === 'object' && hasRules(additionalProperties))
  );
}

/** Compiles a rule, or its messageExpression, for a schema node. @throws Error with the compiler's text. */
export function compileRule(expression: string, schema: Schema, rule: Rule): Program {
  const self = isResource(schema) ? withTypeAndMetadata(schema) : schema;
  if (!usesOldSelf(rule)) return compile(expression, { self });
  return compile(expression, { self, oldSelf: rule.optionalOldSelf === true ? { optional: self } : self });
}

/** A transition rule compares with the value before an update. */
export function usesOldSelf(rule: Rule): boolean {
  return /\boldSelf\b/.test(`${rule.rule} ${rule.messageExpression ?? ''}`);
}

function isResource(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

function withTypeAndMetadata(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  const metadata: Schema = { type: 'object', properties: { name: text, generateName: text } };
  return { ...schema, properties: { ...schema.properties, apiVersion: text, kind: text, metadata } };
}

function compiledRules(schema: Schema): Compiled[] {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const rules = rulesOf(schema).map((source) => ({
    source,
    program: compileRule(source.rule, schema, source),
    message: source.messageExpression === undefined ? undefined : compileRule(source.messageExpression, schema, source),
    usesOldSelf: usesOldSelf(source),
  }));
  compiled.set(schema, rules);
  return rules;
}

/** What a value was before an update, and what to do about mistakes that were there already. */
export interface Before {
  /** Undefined when there is nothing to compare with. */
  old: unknown;
  /** True when the value is as it was: mistakes are only warned about. */
  untouched: boolean;
  warn: (error: FieldError) => void;
}

/** What the rules of a schema say against a value. */
export function brokenRules(value: unknown, schema: Schema | undefined, path: string, before: Before): FieldError[] {
  if (schema === undefined || value === null || value === undefined) return [];
  const { old, warn } = before;
  const untouched = before.untouched || (old !== undefined && equal(value, old));
  const own = compiledRules(schema).flatMap((rule) => broken(rule, value, schema, path, { old, untouched, warn }));
  if (Array.isArray(value)) {
    const oldItem = correlation(schema, old);
    const item = (element: unknown, index: number): FieldError[] =>
      brokenRules(element, schema.items, `${path}[${index}]`, { old: oldItem(element), untouched, warn });
    return [...own, ...value.flatMap(item)];
  }
  if (!isObject(value)) return own;
  const below = Object.entries(value).flatMap(([key, item]) => {
    const isProperty = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
    const here = isProperty ? (path === '' ? key : `${path}.${key}`) : `${path}[${key}]`;
    const oldItem = isObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
    return brokenRules(item, fieldOf(schema, key), here, { old: oldItem, untouched, warn });
  });
  return [...own, ...below];
}

function broken(rule: Compiled, value: unknown, schema: Schema, path: string, before: Before): FieldError[] {
  const { source, usesOldSelf } = rule;
  const { old, untouched, warn } = before;
  if (usesOldSelf && old === undefined && source.optionalOldSelf !== true) return [];
  const values = { self: value, oldSelf: old };
  const whole = source.message?.trim() || source.rule.trim();
  const type = schema.type ?? '';
  const root = path === '' ? '<nil>' : path;
  try {
    if (rule.program.evaluate(values) === true) return [];
  } catch (error) {
    const text = (error as Error).message.split('\n')[0] ?? '';
    return [
      {
        type: 'Invalid',
        field: root,
        value: type,
        detail: `${text.replace(/^No such key/, 'no such key')} evaluating rule: ${whole}`,
      },
    ];
  }
  const below = source.fieldPath ?? '';
  const field = below === '' ? root : path === '' ? below.replace(/^\./, '') : `${path}${below}`;
  const detail = messageOf(rule, values) ?? (source.message?.trim() || `failed rule: ${source.rule.trim()}`);
  const error = forReason(source.reason, field, type === 'object' || type === 'array' ? undefined : value, detail);
  // What an update did not touch is not held against it.
  if (usesOldSelf || !untouched) return [error];
  warn(error);
  return [];
}

function messageOf({ message }: Compiled, values: Record<string, unknown>): string | undefined {
  try {
    const text = message?.evaluate(values);
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text.trim() : undefined;
  } catch {
    // A message that cannot be made gives way to the fixed one.
    return undefined;
  }
}

function forReason(reason: string | undefined, field: string, value: unknown, detail: string): FieldError {
  const shown = value === undefined ? {} : { value };
  if (reason === 'FieldValueRequired') return { type: 'Required', field, detail };
  if (reason === 'FieldValueForbidden') return { type: 'Forbidden', field, detail };
  return { type: reason === 'FieldValueDuplicate' ? 'Duplicate' : 'Invalid', field, ...shown, detail };
}
