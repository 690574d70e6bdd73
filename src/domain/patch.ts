/**
 * A JSON Patch (RFC 6902) in the making: a Draft records `add` operations and keeps the document as it will be, so that
 * each operation sees what those before it did. Parents are created once, paths are escaped, the document that was given
 * is not touched.
 */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { isObject, setMember } from './json.ts';

/** `replace` is only for what `onConflict: Replace` asks to replace. */
export interface Operation {
  op: 'add' | 'replace';
  path: string;
  value: unknown;
}

export type Path = readonly (string | number)[];

/** A JSON pointer (RFC 6901). */
export function pointer(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export class Draft {
  readonly operations: Operation[] = [];
  #document: JsonObject;

  constructor(document: JsonObject) {
    this.#document = document;
  }

  /** The document with all operations so far. */
  get document(): JsonObject {
    return this.#document;
  }

  /** Adds a member to the map at `path`, or gives it a new value; creates the map where it is missing. */
  setInMap(path: Path, key: string, value: unknown): void {
    this.#createParents(path, {});
    this.#record('add', [...path, key], value);
  }

  /** Adds items to the array at `path`, from `index` on or at its end; creates the array where it is missing. */
  insert(path: Path, items: readonly unknown[], index?: number): void {
    if (items.length === 0) return;
    this.#createParents(path, []);
    for (const [offset, item] of items.entries()) {
      this.#record('add', [...path, index === undefined ? '-' : index + offset], item);
    }
  }

  /** Puts another item in the place of one of an array. */
  replace(path: Path, value: unknown): void {
    this.#record('replace', path, value);
  }

  #createParents(path: Path, empty: unknown): void {
    let value: unknown = this.#document;
    for (const [depth, step] of path.entries()) {
      value = child(value, step);
      if (value !== undefined && value !== null) continue;
      value = depth === path.length - 1 ? empty : {};
      this.#record('add', path.slice(0, depth + 1), value);
    }
  }

  #record(op: Operation['op'], path: Path, value: unknown): void {
    this.operations.push({ op, path: pointer(path), value });
    this.#document = written(this.#document, path, value, op) as JsonObject;
  }
}

function child(parent: unknown, step: string | number): unknown {
  if (Array.isArray(parent)) return typeof step === 'number' ? parent[step] : undefined;
  const key = String(step);
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** A copy of `node` with `value` at `path`; everything off the path is shared with the original. */
function written(node: unknown, path: Path, value: unknown, op: Operation['op']): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(node)) {
    const index = step === '-' ? node.length : Number(step);
    if (rest.length > 0) return node.with(index, written(node[index], rest, value, op));
    return op === 'add' ? node.toSpliced(index, 0, value) : node.with(index, value);
  }
  const copy: JsonObject = isObject(node) ? { ...node } : {};
  setMember(copy, String(step), rest.length === 0 ? value : written(child(node, step), rest, value, op));
  return copy;
}
