/**
 * Strategic merge patches (apimachinery/pkg/util/strategicpatch/patch.go): lists merge by the key in the schema, directives
 * ($patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList) say what JSON cannot.
 */
import { badRequest, failure } from '../status.ts';
import { copy, equal } from '../storage/json.ts';
import type { JsonObject, Schema } from '../types.ts';
import { byPatchOrder } from './strategic-order.ts';
import { fieldSchema, isMap } from './typed.ts';

const DIRECTIVE = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

/**
 * Applies a strategic merge patch to a copy.
 * @throws StatusError 400 when it is no object, 500 when a list element has no merge key or a directive is unknown.
 */
export function strategicMergePatch(object: JsonObject, patch: unknown, schema: Schema | undefined): JsonObject {
  if (!isMap(patch)) throw badRequest('json: cannot unmarshal into Go value of type map[string]interface {}');
  return mergeMap(copy(object), copy(patch), schema);
}

function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  if (Object.hasOwn(patch, DIRECTIVE)) return replaced(patch);
  retainKeys(original, patch);
  const result = original;
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN) continue;
    if (key.startsWith(DELETE_FROM)) deleteFromList(result, key.slice(DELETE_FROM.length), value);
    else if (key.startsWith(ORDER)) orderAlone(result, patch, key.slice(ORDER.length), value, schema);
    else if (value === null) delete result[key];
    else mergeField(result, key, value, patch[`${ORDER}${key}`], fieldSchema(schema, key));
  }
  return result;
}

function mergeField(target: JsonObject, key: string, value: unknown, order: unknown, schema: Schema | undefined): void {
  const original = Object.hasOwn(target, key) ? target[key] : undefined;
  const strategy = (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',');
  if (isMap(original) && isMap(value)) {
    target[key] = strategy.includes('replace') ? value : mergeMap(original, value, schema);
  } else if (Array.isArray(original) && Array.isArray(value)) {
    target[key] = strategy.includes('merge') ? mergeList(original, value, order, schema) : value;
  } else {
    const kept = withoutDirectives(value);
    if (kept === undefined) delete target[key];
    else target[key] = kept;
  }
}

function replaced(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw refused(`unknown patch type: ${String(directive)} in map: ${JSON.stringify(patch)}`);
}

function retainKeys(original: JsonObject, patch: JsonObject): void {
  const keys = patch[RETAIN];
  if (keys === undefined) return;
  const named = Object.entries(patch).filter(([key, value]) => value !== null && !key.startsWith('$'));
  if (!Array.isArray(keys) || named.some(([key]) => !keys.includes(key)))
    throw badRequest('invalid patch format of retainKeys');
  for (const key of Object.keys(original)) if (!keys.includes(key)) delete original[key];
}

function mergeList(original: unknown[], patch: unknown[], order: unknown, schema: Schema | undefined): unknown[] {
  if (![...original, ...patch].some(isMap)) {
    const all = [...new Set([...original, ...patch])];
    return byPatchOrder(all, Array.isArray(order) ? order : patch, original, (item) => item);
  }
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  if (mergeKey === undefined) throw refused('cannot merge lists without merge key');
  const keyOf = (item: unknown): unknown => {
    if (isMap(item) && Object.hasOwn(item, mergeKey)) return item[mergeKey];
    throw refused(`map: ${goMap(item)} does not contain declared merge key: ${mergeKey}`);
  };
  const elements = patch.filter((item) => !(isMap(item) && Object.hasOwn(item, DIRECTIVE)));
  if (Array.isArray(order)) checkOrder(elements, order, keyOf);
  let merged: unknown[] = original;
  for (const item of patch) {
    if (!isMap(item) || !Object.hasOwn(item, DIRECTIVE)) continue;
    const directive = item[DIRECTIVE];
    if (directive === 'replace') return elements;
    if (directive !== 'delete') throw refused(`unknown patch type: ${String(directive)} in map: ${goMap(item)}`);
    const key = keyOf(item);
    merged = merged.filter((candidate) => !equal(keyOf(candidate), key));
  }
  for (const item of elements) merged = mergeElement(merged, item, keyOf, schema?.items);
  return byPatchOrder(merged, Array.isArray(order) ? order : elements, original, keyOf);
}

function mergeElement(
  list: unknown[],
  item: unknown,
  keyOf: (item: unknown) => unknown,
  schema: Schema | undefined,
): unknown[] {
  const key = keyOf(item);
  const index = list.findIndex((candidate) => equal(keyOf(candidate), key));
  const known = list[index];
  if (index < 0) return [...list, withoutDirectives(item)];
  return list.with(index, isMap(known) && isMap(item) ? mergeMap(known, item, schema) : item);
}

/** The elements of the patch must be in the order that the patch itself asks for. */
function checkOrder(elements: unknown[], order: unknown[], keyOf: (item: unknown) => unknown): void {
  const positions = elements.map((item) => order.findIndex((ordered) => equal(keyOf(ordered), keyOf(item))));
  if (positions.every((position, index) => position > (index === 0 ? -1 : (positions[index - 1] ?? -1)))) return;
  const text = (list: unknown[]): string => `[${list.map(goMap).join(' ')}]`;
  throw refused(`The order in patch list:\n${text(elements)}\n doesn't match $setElementOrder list:\n${text(order)}\n`);
}

/** An order without changes to the list itself. */
function orderAlone(
  target: JsonObject,
  patch: JsonObject,
  key: string,
  order: unknown,
  schema: Schema | undefined,
): void {
  const list = target[key];
  const mergeKey = fieldSchema(schema, key)?.['x-kubernetes-patch-merge-key'];
  if (Object.hasOwn(patch, key) || !Array.isArray(list) || !Array.isArray(order)) return;
  target[key] = byPatchOrder(list, order, list, (item) =>
    mergeKey !== undefined && isMap(item) ? item[mergeKey] : item,
  );
}

function deleteFromList(target: JsonObject, key: string, values: unknown): void {
  const list = target[key];
  if (Array.isArray(list) && Array.isArray(values)) target[key] = list.filter((item) => !values.includes(item));
}

/** New content must not carry directives into the object; undefined when all of it is one. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isMap(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  const entries = Object.entries(value).filter(
    ([key, item]) => item !== null && !key.startsWith(ORDER) && !key.startsWith(DELETE_FROM) && key !== RETAIN,
  );
  return Object.fromEntries(
    entries.map(([key, item]) => [key, withoutDirectives(item)]).filter(([, item]) => item !== undefined),
  );
}

/** These mistakes are plain Go errors, so they become 500. */
function refused(message: string): Error {
  return failure(500, '', message);
}

function goMap(value: unknown): string {
  return isMap(value)
    ? `map[${Object.entries(value)
        .map(([key, item]) => `${key}:${String(item)}`)
        .join(' ')}]`
    : JSON.stringify(value);
}
