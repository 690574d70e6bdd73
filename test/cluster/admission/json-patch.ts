/**
 * JSON patches as gopkg.in/evanphx/json-patch.v4 applies them, with its messages. It is laxer than RFC 6902: `replace` sets a key
 * that an object does not have, negative indices count from the end.
 */
import { copy, equal } from '../storage/json.ts';
import type { JsonObject } from '../types.ts';

interface Operation {
  op?: string;
  path?: string;
  from?: string;
  value?: unknown;
}

type Container = JsonObject | unknown[];

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

function find(document: Container, path: string): { container: Container; key: string } | undefined {
  const parts = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (parts.length < 2) return undefined;
  let container: unknown = document;
  for (const part of parts.slice(1, -1)) {
    if (!isContainer(container)) return undefined;
    if (Array.isArray(container)) container = /^-?\d+$/.test(part) ? container.at(Number(part)) : undefined;
    else container = Object.hasOwn(container, part) ? container[part] : undefined;
  }
  return isContainer(container) ? { container, key: parts.at(-1) ?? '' } : undefined;
}

function indexOf(key: string, length: number, size: number): number {
  if (!/^[+-]?\d+$/.test(key)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`);
  const index = Number(key);
  if (index >= size || index < -length)
    throw new Error(`Unable to access invalid index: ${index}: invalid index referenced`);
  return index < 0 ? index + length : index;
}

function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[indexOf(key, container.length, container.length)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

function assign(container: JsonObject, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}

function add(container: Container, key: string, value: unknown): void {
  if (!Array.isArray(container)) assign(container, key, value);
  else if (key === '-') container.push(value);
  else {
    const size = container.length + 1;
    container.splice(indexOf(key, size, size), 0, value);
  }
}

function remove(container: Container, key: string): void {
  if (Array.isArray(container)) container.splice(indexOf(key, container.length, container.length), 1);
  else if (Object.hasOwn(container, key)) delete container[key];
  else throw new Error(`Unable to remove nonexistent key: ${key}: missing value`);
}

function explain<T>(prefix: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new Error(`${prefix}: ${(error as Error).message}`, { cause: error });
  }
}

function applyOne(document: Container, { op, path, from, value }: Operation): Container {
  if (path === undefined)
    throw new Error(
      `${op ?? 'unknown'} operation failed to decode path: ${op === 'add' || op === 'remove' ? '' : 'operation missing path field: '}missing value`,
    );
  const target = (name: string, text: string, of = path): { container: Container; key: string } => {
    const found = find(document, of);
    if (found === undefined) throw new Error(`${name} operation does not apply: ${text}: missing value`);
    return found;
  };
  const source = (name: string): { container: Container; key: string } => {
    if (from === undefined)
      throw new Error(`${name} operation failed to decode from: operation, missing from field: missing value`);
    return target(name, `doc is missing from path: ${from}`, from);
  };
  switch (op) {
    case 'add': {
      const { container, key } = target('add', `doc is missing path: "${path}"`);
      explain(`error in add for path: '${path}'`, () => add(container, key, copy(value ?? null)));
      return document;
    }
    case 'remove': {
      const { container, key } = target('remove', `doc is missing path: "${path}"`);
      explain(`error in remove for path: '${path}'`, () => remove(container, key));
      return document;
    }
    case 'replace': {
      if (path === '') {
        if (!isContainer(value)) throw new Error('replace operation value must be object or array: %!w(<nil>)');
        return copy(value);
      }
      const { container, key } = target('replace', `doc is missing path: ${path}`);
      if (!Array.isArray(container)) assign(container, key, copy(value));
      else
        try {
          container[indexOf(key, container.length, container.length)] = copy(value);
        } catch (error) {
          throw new Error(`replace operation does not apply: doc is missing key: ${path}: missing value`, {
            cause: error,
          });
        }
      return document;
    }
    case 'move': {
      const { container, key } = source('move');
      const moved = explain(`error in move for path: '${key}'`, () => read(container, key));
      explain(`error in move for path: '${key}'`, () => remove(container, key));
      const to = target('move', `doc is missing destination path: ${path}`);
      explain(`error in move for path: '${path}'`, () => add(to.container, to.key, moved));
      return document;
    }
    case 'copy': {
      const { container, key } = source('copy');
      const copied = explain(`error in copy for from: '${from}'`, () => read(container, key));
      const to = target('copy', `doc is missing destination path: ${path}`);
      explain('error while adding value during copy', () => add(to.container, to.key, copy(copied ?? null)));
      return document;
    }
    case 'test': {
      if (path !== '') {
        const { container, key } = target('test', `is missing path: ${path}`);
        const found = explain(`error in test for path: '${path}'`, () => read(container, key));
        if (equal(found ?? null, value ?? null)) return document;
      } else if (equal(document, value)) return document;
      throw new Error(`testing value ${path} failed: test failed`);
    }
    case undefined:
    default:
      throw new Error(`Unexpected kind: ${op ?? 'unknown'}`);
  }
}

/** Applies the operations to a copy. @throws Error with the library's message when one does not apply. */
export function applyJsonPatch(object: JsonObject, operations: Operation[]): JsonObject {
  return operations.reduce<Container>(applyOne, copy(object)) as JsonObject;
}
