import type { KubeObject } from '../types.ts';

/** Where an object stands in its table: `namespace/name`, so that order and ranges are those of etcd's keys. */
export function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** The objects of one storage key, ordered. */
export class Table {
  readonly #objects = new Map<string, KubeObject>();
  readonly #keys: string[] = [];

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  set(key: string, object: KubeObject): void {
    if (!this.#objects.has(key)) this.#keys.splice(this.#position(key), 0, key);
    this.#objects.set(key, object);
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys.splice(this.#position(key), 1);
  }

  /** All objects, or those of one namespace, in the order of their keys. */
  list(namespace?: string): KubeObject[] {
    const objects: KubeObject[] = [];
    const prefix = namespace === undefined ? '' : objectKey(namespace, '');
    for (let index = this.#position(prefix); index < this.#keys.length; index++) {
      const key = this.#keys[index] ?? '';
      if (!key.startsWith(prefix)) break;
      const object = this.#objects.get(key);
      if (object) objects.push(object);
    }
    return objects;
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
