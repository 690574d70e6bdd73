import type { KubeObject } from '../types.ts';

/** Where an object stands in its table: `namespace/name`, so that order and ranges are those of etcd's keys. */
export function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** The objects of one storage key, ordered. */
export class Table {
  readonly #objects = new Map<string, KubeObject>();
  /** The keys in their order, and at the same places their objects. */
  readonly #keys: string[] = [];
  readonly #ordered: KubeObject[] = [];

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, object: KubeObject): void {
    const at = this.#position(key);
    if (this.#objects.has(key)) this.#ordered[at] = object;
    else {
      this.#keys.splice(at, 0, key);
      this.#ordered.splice(at, 0, object);
    }
    this.#objects.set(key, object);
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return;
    const at = this.#position(key);
    this.#keys.splice(at, 1);
    this.#ordered.splice(at, 1);
  }

  /** All objects, or those of one namespace, in the order of their keys. */
  list(namespace?: string): KubeObject[] {
    if (namespace === undefined) return this.#ordered.slice();
    // `0` comes next after `/`.
    return this.#ordered.slice(this.#position(`${namespace}/`), this.#position(`${namespace}0`));
  }

  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
