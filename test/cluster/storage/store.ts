import { randomUUID } from 'node:crypto';
import { alreadyExists, conflict, expired, notFound } from '../status.ts';
import type { GroupResource } from '../status.ts';
import type { KubeObject, ObjectStore, WatchEvent } from '../types.ts';
import { History } from './history.ts';
import { equal, freeze } from './json.ts';
import { Table, objectKey } from './table.ts';

interface Shelf {
  table: Table;
  history: History;
  listeners: Set<(event: WatchEvent) => void>;
}

/** registry/generic/registry/store.go: what a lost compare-and-swap says. */
export const OPTIMISTIC_LOCK_ERROR =
  'the object has been modified; please apply your changes to the latest version and try again';

/** Storage keys are written like resources in errors: `deployments.apps`, `pods`. */
function resourceOf(storageKey: string): GroupResource {
  const dot = storageKey.indexOf('.');
  return dot < 0
    ? { group: '', plural: storageKey }
    : { group: storageKey.slice(dot + 1), plural: storageKey.slice(0, dot) };
}

/**
 * All objects of the cluster under one revision, as etcd keeps them. Objects are frozen on the way in, so what is
 * handed out can be shared; whoever wants to change one makes a copy.
 */
export class Store implements ObjectStore {
  readonly #shelves = new Map<string, Shelf>();
  readonly #historySize: number;
  #revision = 1;
  #compacted = 0;

  /** @param historySize events kept for each storage key, for watches and lists of the past. */
  constructor(historySize = 2000) {
    this.#historySize = historySize;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Revisions before this one are forgotten. */
  get compactedRevision(): number {
    return this.#compacted;
  }

  get(storageKey: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#shelves.get(storageKey)?.table.get(objectKey(namespace, name));
  }

  list(storageKey: string, namespace?: string): KubeObject[] {
    return this.#shelves.get(storageKey)?.table.list(namespace) ?? [];
  }

  /**
   * The objects as they were at a revision.
   * @throws StatusError 410 when the events since then are no longer kept.
   */
  listAt(storageKey: string, revision: number, namespace?: string): KubeObject[] {
    const { history, table } = this.#shelf(storageKey);
    if (revision >= this.#revision) return table.list(namespace);
    const cursor = revision < this.#compacted ? undefined : history.cursorAfter(revision);
    if (cursor === undefined) throw expired('The resourceVersion for the provided list is too old.');
    const past = new Table();
    for (const object of table.list(namespace)) past.set(keyOf(object), object);
    for (let sequence = history.end - 1; sequence >= cursor; sequence--) {
      const event = history.at(sequence);
      if (!event || (namespace !== undefined && event.object.metadata.namespace !== namespace)) continue;
      if (event.previous) past.set(keyOf(event.object), event.previous);
      else past.delete(keyOf(event.object));
    }
    return past.list(namespace);
  }

  history(storageKey: string): History {
    return this.#shelf(storageKey).history;
  }

  create(storageKey: string, object: KubeObject): KubeObject {
    const shelf = this.#shelf(storageKey);
    const key = keyOf(object);
    if (shelf.table.get(key)) throw alreadyExists(resourceOf(storageKey), object.metadata.name);
    const stored = freeze({
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? randomUUID(),
        creationTimestamp: object.metadata.creationTimestamp ?? timestamp(new Date()),
        resourceVersion: String(++this.#revision),
      },
    });
    shelf.table.set(key, stored);
    this.#tell(shelf, { type: 'ADDED', object: stored, resourceVersion: this.#revision });
    return stored;
  }

  update(storageKey: string, object: KubeObject, old: KubeObject): KubeObject {
    const shelf = this.#shelf(storageKey);
    const key = keyOf(object);
    const current = this.#current(shelf, storageKey, key, old);
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: current.metadata.resourceVersion } };
    if (equal(kept, current)) return current;
    kept.metadata.resourceVersion = String(++this.#revision);
    const stored = freeze(kept) as KubeObject;
    shelf.table.set(key, stored);
    this.#tell(shelf, { type: 'MODIFIED', object: stored, previous: current, resourceVersion: this.#revision });
    return stored;
  }

  remove(storageKey: string, object: KubeObject): KubeObject {
    const shelf = this.#shelf(storageKey);
    const key = keyOf(object);
    const current = this.#current(shelf, storageKey, key, object);
    shelf.table.delete(key);
    const metadata = { ...current.metadata, resourceVersion: String(++this.#revision) };
    const last = freeze({ ...current, metadata });
    this.#tell(shelf, { type: 'DELETED', object: last, previous: current, resourceVersion: this.#revision });
    return last;
  }

  subscribe(storageKey: string, listener: (event: WatchEvent) => void): () => void {
    const { listeners } = this.#shelf(storageKey);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Forgets what happened until now: watches and lists of earlier revisions get 410 from here on. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const { history } of this.#shelves.values()) history.compact(this.#revision);
  }

  #current(shelf: Shelf, storageKey: string, key: string, old: KubeObject): KubeObject {
    const current = shelf.table.get(key);
    const resource = resourceOf(storageKey);
    if (!current) throw notFound(resource, old.metadata.name);
    if (current.metadata.resourceVersion !== old.metadata.resourceVersion) {
      throw conflict(resource, old.metadata.name, OPTIMISTIC_LOCK_ERROR);
    }
    return current;
  }

  #tell(shelf: Shelf, event: WatchEvent): void {
    event.at = performance.now();
    shelf.history.push(event);
    for (const listener of shelf.listeners) listener(event);
  }

  #shelf(storageKey: string): Shelf {
    let shelf = this.#shelves.get(storageKey);
    if (!shelf) {
      shelf = { table: new Table(), history: new History(this.#historySize), listeners: new Set() };
      this.#shelves.set(storageKey, shelf);
    }
    return shelf;
  }
}

function keyOf(object: KubeObject): string {
  return objectKey(object.metadata.namespace, object.metadata.name);
}

/** metav1.Time as JSON: whole seconds in UTC. */
export function timestamp(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}
