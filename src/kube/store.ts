/** What is known of one resource: objects by key, with indexes. Synchronous and without any I/O. */

import type { KubeObject } from './objects.ts';

/** The key of an object: `namespace/name`, or `name` where there is no namespace. */
export const keyOf = (object: { metadata: { name: string; namespace?: string } }): string =>
  keyFor(object.metadata.name, object.metadata.namespace);

export const keyFor = (name: string, namespace?: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

/** One change of the store. For `deleted`, `object` is the last state known, and `previous` the one before it. */
export interface Change<T extends KubeObject> {
  type: 'added' | 'modified' | 'deleted';
  key: string;
  object: T;
  previous?: T;
}

/** The values under which an object is found in an index. */
export type Indexer<T extends KubeObject> = (object: T) => string[];

export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexers: Record<string, Indexer<T>>;
  /** Index name -> value -> keys. */
  readonly #indexes = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Record<string, Indexer<T>> = {}) {
    this.#indexers = indexers;
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** The objects that an index holds under a value. Throws for an index that does not exist. */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`no index ${name}`);
    return [...(index.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Stores an object; undefined when this very version is known already. */
  put(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    // Another uid is another object of the same name: its delete was missed, but for a key this is one change.
    if (previous && sameVersion(previous, object)) return undefined;
    if (previous) this.#unindex(key, previous);
    this.#objects.set(key, object);
    this.#index(key, object);
    return previous ? { type: 'modified', key, object, previous } : { type: 'added', key, object };
  }

  /** Removes an object; undefined when it was not known. */
  drop(object: T): Change<T> | undefined {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (!previous) return undefined;
    this.#unindex(key, previous);
    this.#objects.delete(key);
    return { type: 'deleted', key, object, previous };
  }

  /** Makes the content exactly these objects; gives the changes, among them a `deleted` for each that has gone unseen. */
  replace(objects: T[]): Change<T>[] {
    const keep = new Set(objects.map(keyOf));
    const gone = [...this.#objects].filter(([key]) => !keep.has(key)).map(([, object]) => this.drop(object));
    return [...gone, ...objects.map((object) => this.put(object))].filter((change) => change !== undefined);
  }

  #index(key: string, object: T): void {
    for (const [name, values] of this.#values(object)) {
      const index = this.#indexes.get(name);
      for (const value of values) {
        const keys = index?.get(value);
        if (keys) keys.add(key);
        else index?.set(value, new Set([key]));
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const [name, values] of this.#values(object)) {
      const index = this.#indexes.get(name);
      for (const value of values) {
        const keys = index?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index?.delete(value);
      }
    }
  }

  #values(object: T): [string, string[]][] {
    return Object.entries(this.#indexers).map(([name, indexer]) => [name, indexer(object)]);
  }
}

const sameVersion = (a: KubeObject, b: KubeObject): boolean =>
  a.metadata.resourceVersion !== undefined &&
  a.metadata.resourceVersion === b.metadata.resourceVersion &&
  a.metadata.uid === b.metadata.uid;
