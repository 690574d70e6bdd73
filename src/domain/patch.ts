/**
 * A JSON Patch (RFC 6902) in the making: a Draft records `add` operations and keeps the document as it will be, so that
 * each operation sees what those before it did. Parents are created once, paths are escaped, the document that was given
 * is not touched.
 */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { Copies } from './copies.ts';
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
  let text = '';
  for (const step of path) text += `/${typeof step === 'string' ? escaped(step) : step}`;
  return text;
}

function escaped(step: string): string {
  return /[~/]/.test(step) ? step.replaceAll('~', '~0').replaceAll('/', '~1') : step;
}

export class Draft {
  readonly operations: Operation[] = [];
  readonly #copies = new Copies();
  #document: JsonObject;

  constructor(document: JsonObject) {
    this.#document = document;
  }

  /** The document with all operations so far; later ones change it. */
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
    this.#document = this.#copies.writable(this.#document);
    let node: JsonObject | unknown[] = this.#document;
    for (const step of path.slice(0, -1)) {
      const next: JsonObject | unknown[] = this.#copies.writable(child(node, step) as JsonObject | unknown[]);
      write(node, step, next, 'replace');
      node = next;
    }
    write(node, path.at(-1) ?? '', value, op);
  }
}

function child(parent: unknown, step: string | number): unknown {
  if (Array.isArray(parent)) return typeof step === 'number' ? parent[step] : undefined;
  const key = String(step);
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function write(node: JsonObject | unknown[], step: string | number, value: unknown, op: Operation['op']): void {
  if (!Array.isArray(node)) setMember(node, String(step), value);
  else if (step === '-') node.push(value);
  else if (op === 'add') node.splice(Number(step), 0, value);
  else node[Number(step)] = value;
}
