/** Copies of nodes of a JSON document, each made once: writing along a path costs that path, however often it is done. */
import type { JsonObject } from '../api/v1alpha1/types.ts';

type Node = JsonObject | unknown[];

export class Copies {
  readonly #made = new Set<Node>();

  /** The node itself if it is a copy of ours, otherwise a copy that may be written to. */
  writable<T extends Node>(node: T): T {
    if (this.#made.has(node)) return node;
    const copy = copyOf(node) as T;
    this.#made.add(copy);
    return copy;
  }
}

function copyOf(node: Node): Node {
  return Array.isArray(node) ? [...node] : { ...node };
}
