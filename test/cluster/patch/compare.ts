import { equal } from '../storage/json.ts';
import type { Schema } from '../types.ts';
import { FieldSet } from './fieldset.ts';
import { commonShape, elementsOf, fieldSchema, isDeclared, isMap, shapeOf, type Value } from './typed.ts';

export interface Comparison {
  added: FieldSet;
  removed: FieldSet;
  modified: FieldSet;
}

/** What changed between two objects (structured-merge-diff/v6/typed/compare.go). Containers count as added or removed themselves. */
export function compare(left: Value, right: Value, schema: Schema | undefined): Comparison {
  const result: Comparison = { added: new FieldSet(), removed: new FieldSet(), modified: new FieldSet() };
  walk(left, right, schema, [], result);
  return result;
}

function walk(left: Value, right: Value, schema: Schema | undefined, path: string[], result: Comparison): void {
  const shape = commonShape(schema, left, right);
  if (shape === 'fields') {
    const [l, r] = [isMap(left) ? left : {}, isMap(right) ? right : {}];
    for (const key of new Set([...Object.keys(l), ...Object.keys(r)])) {
      walk(own(l, key), own(r, key), fieldSchema(schema, key), [...path, `f:${key}`], result);
    }
  } else if (shape === 'elements') {
    compareElements(elementsOf(schema, left), elementsOf(schema, right), schema, path, result);
  }
  if (left === undefined) result.added.insert(path);
  else if (right === undefined) result.removed.insert(path);
  else if (shape === 'whole' && !equal(left, right)) result.modified.insert(path);
}

function compareElements(
  left: Map<string, Value[]>,
  right: Map<string, Value[]>,
  schema: Schema | undefined,
  path: string[],
  result: Comparison,
): void {
  for (const step of new Set([...left.keys(), ...right.keys()])) {
    const [l, r] = [left.get(step) ?? [], right.get(step) ?? []];
    const here = [...path, step];
    if (l.length <= 1 && r.length <= 1) walk(l[0], r[0], schema?.items, here, result);
    else if (l.length >= 2 && r.length >= 2) {
      if (!equal(l, r)) result.modified.insert(here);
    } else if (l.length >= 2) {
      if (r.length > 0) walk(undefined, r[0], schema?.items, here, result);
      result.removed.insert(here);
    } else {
      if (l.length > 0) walk(l[0], undefined, schema?.items, here, result);
      result.added.insert(here);
    }
  }
}

/** The fields that a configuration names, and so wants to own (typed/tofieldset.go). */
export function fieldSetOf(value: Value, schema: Schema | undefined): FieldSet {
  const set = new FieldSet();
  collect(value, schema, [], set);
  return set;
}

function collect(value: Value, schema: Schema | undefined, path: string[], set: FieldSet): void {
  const shape = shapeOf(schema, value);
  if (shape === 'whole') set.insert(path);
  else if (shape === 'fields' && isMap(value)) {
    for (const [key, item] of Object.entries(value)) {
      const here = [...path, `f:${key}`];
      collect(item, fieldSchema(schema, key), here, set);
      if (item === null || (isMap(item) && Object.keys(item).length === 0) || !isDeclared(schema, key))
        set.insert(here);
    }
  } else {
    for (const [step, elements] of elementsOf(schema, value)) {
      // Of elements with the same key nothing but the key is owned.
      if (elements.length === 1) collect(elements[0], schema?.items, [...path, step], set);
      set.insert([...path, step]);
    }
  }
}

/** The set together with the declared fields on the way to its members (fieldpath/set.go: EnsureNamedFieldsAreMembers). */
export function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  const named = [...set.children.keys()].filter((step) => step.startsWith('f:') && isDeclared(schema, step.slice(2)));
  const children = [...set.children].map(([step, child]): [string, FieldSet] => {
    const below = step.startsWith('f:') ? fieldSchema(schema, step.slice(2)) : schema?.items;
    return [step, withNamedFields(child, below)];
  });
  return new FieldSet([...set.members, ...named], children);
}

function own(map: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
