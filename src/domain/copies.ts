/** Copies of nodes of a JSON document, each made once: writing along a path costs that path, however often it is done. */
import type { JsonObject } from '../api/v1alpha1/types.ts';

export class Copies {
  readonly #made = new Set<unknown>();

  /** The node itself if it is a copy of ours, otherwise a copy that may be written to. */
  writable<T extends JsonObject | unknown[]>(node: T): T {
    if (this.#made.has(node)) return node;
    const copy = (Array.isArray(node) ? [...(node as unknown[])] : { ...node }) as T;
    this.#made.add(copy);
    return copy;
  }
}
