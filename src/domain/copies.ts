/** Copies of nodes of a JSON document, each made once: writing along a path costs that path, however often it is done. */
import type { JsonObject } from '../api/v1alpha1/types.ts';

type Node = JsonObject | unknown[];

/** Up to so many are looked through, which is faster than a Set; a pod of many thousand containers needs one. */
const FEW = 16;

export class Copies {
  readonly #few: Node[] = [];
  #more: Set<Node> | undefined;

  /** The node itself if it is a copy of ours, otherwise a copy that may be written to. */
  writable<T extends Node>(node: T): T {
    if (this.#few.includes(node) || this.#more?.has(node) === true) return node;
    const copy = copyOf(node) as T;
    if (this.#few.length < FEW) this.#few.push(copy);
    else (this.#more ??= new Set()).add(copy);
    return copy;
  }
}

function copyOf(node: Node): Node {
  return Array.isArray(node) ? [...node] : { ...node };
}
