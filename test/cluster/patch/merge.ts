import type { JsonObject, Schema } from '../types.ts';
import type { FieldSet } from './fieldset.ts';
import { commonShape, elementStep, elementsOf, fieldSchema, isMap, shapeOf, type Value } from './typed.ts';

/** The live value with a configuration merged in; the configuration wins (structured-merge-diff/v6/typed/merge.go). */
export function merge(live: Value, config: Value, schema: Schema | undefined): Value {
  const shape = commonShape(schema, live, config);
  if (shape === 'whole') return config === undefined ? live : config;
  if (shape === 'elements')
    return mergeElements(Array.isArray(live) ? live : [], Array.isArray(config) ? config : [], schema);
  const [left, right] = [isMap(live) ? live : {}, isMap(config) ? config : {}];
  const entries = Object.keys({ ...left, ...right }).map((key) => [
    key,
    merge(
      Object.hasOwn(left, key) ? left[key] : undefined,
      Object.hasOwn(right, key) ? right[key] : undefined,
      fieldSchema(schema, key),
    ),
  ]);
  return Object.fromEntries(entries) as JsonObject;
}

/**
 * Elements keep the order of the configuration; live elements that it does not name stay where they were between the shared ones
 * (mergingWalker.visitListItems).
 */
function mergeElements(live: Value[], config: Value[], schema: Schema | undefined): Value[] {
  const left = live.map((element) => elementStep(schema, element));
  const right = config.map((element) => elementStep(schema, element));
  const leftElements = elementsOf(schema, live);
  const merged = new Set<string>();
  const result: Value[] = [];
  const shared = right.filter((step) => leftElements.has(step));
  let nextShared = shared.shift();
  const take = (step: string, index: number): void => {
    // Elements that occur twice in the live list are not merged with.
    const same = leftElements.get(step) ?? [];
    result.push(merge(same.length === 1 ? same[0] : undefined, config[index], schema?.items));
    merged.add(step);
  };
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const step = left[l];
    const wanted = right[r];
    if (step !== undefined && wanted !== undefined) {
      if (step === wanted) {
        take(step, r);
        [l, r] = [l + 1, r + 1];
        nextShared = shared.shift();
        continue;
      }
      if (right.includes(step) && nextShared !== undefined && nextShared !== step) {
        l += 1;
        continue;
      }
    }
    if (step !== undefined) {
      if (!right.includes(step)) {
        result.push(live[l]);
        l += 1;
        continue;
      }
      if (merged.has(step)) l += 1;
    }
    if (wanted !== undefined) {
      take(wanted, r);
      r += 1;
      if (nextShared === wanted) nextShared = shared.shift();
    }
  }
  return result;
}

/** The value without the paths of a set; containers that lose their content stay, empty (typed/remove.go). */
export function removeItems(value: Value, set: FieldSet, schema: Schema | undefined): Value {
  const shape = shapeOf(schema, value);
  if (shape === 'fields' && isMap(value)) {
    const kept = Object.entries(value).filter(([key]) => !set.members.has(`f:${key}`));
    return Object.fromEntries(kept.map(([key, item]) => [key, below(item, set, `f:${key}`, fieldSchema(schema, key))]));
  }
  if (shape === 'elements' && Array.isArray(value)) {
    const kept = value.filter((element) => !set.members.has(elementStep(schema, element)));
    return kept.map((element: unknown) => below(element, set, elementStep(schema, element), schema?.items));
  }
  return value;
}

function below(value: Value, set: FieldSet, step: string, schema: Schema | undefined): Value {
  const child = set.child(step);
  if (child.isEmpty) return value;
  // What lies below an atomic container cannot be removed alone.
  if (shapeOf(schema, value) === 'whole' && typeof value === 'object' && value !== null)
    return Array.isArray(value) ? [] : {};
  return removeItems(value, child, schema);
}
