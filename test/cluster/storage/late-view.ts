import type { KubeObject, ObjectStore, WatchEvent } from '../types.ts';
import { Table, objectKey } from './table.ts';

interface Kind {
  table: Table;
  listeners: Set<(event: WatchEvent) => void>;
  stop: () => void;
}

/**
 * The storage as the informers of one API server show it: changes of some kinds arrive late, in their order. An object that
 * an informer does not know yet is read from the storage, as the API server does for namespaces
 * (apiserver/pkg/admission/plugin/webhook/predicates/namespace/matcher.go).
 */
export class LateView implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #lagMs: () => number;
  readonly #kinds = new Map<string, Kind>();
  readonly #late: { due: number; apply: () => void }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param lagMs asked at each change; 0 for at once. */
  constructor(store: ObjectStore, storageKeys: readonly string[], lagMs: () => number) {
    this.#store = store;
    this.#lagMs = lagMs;
    for (const storageKey of storageKeys) this.#kinds.set(storageKey, this.#follow(storageKey));
  }

  get revision(): number {
    return this.#store.revision;
  }

  get(storageKey: string, namespace: string | undefined, name: string): KubeObject | undefined {
    const known = this.#kinds.get(storageKey)?.table.get(objectKey(namespace, name));
    return known ?? this.#store.get(storageKey, namespace, name);
  }

  list(storageKey: string, namespace?: string): KubeObject[] {
    const kind = this.#kinds.get(storageKey);
    return kind ? kind.table.list(namespace) : this.#store.list(storageKey, namespace);
  }

  create(storageKey: string, object: KubeObject): KubeObject {
    return this.#store.create(storageKey, object);
  }

  update(storageKey: string, object: KubeObject, old: KubeObject): KubeObject {
    return this.#store.update(storageKey, object, old);
  }

  remove(storageKey: string, object: KubeObject): KubeObject {
    return this.#store.remove(storageKey, object);
  }

  subscribe(storageKey: string, listener: (event: WatchEvent) => void): () => void {
    const kind = this.#kinds.get(storageKey);
    if (!kind) return this.#store.subscribe(storageKey, listener);
    kind.listeners.add(listener);
    return () => kind.listeners.delete(listener);
  }

  close(): void {
    for (const { stop } of this.#kinds.values()) stop();
    clearTimeout(this.#timer);
  }

  #follow(storageKey: string): Kind {
    const table = new Table();
    for (const object of this.#store.list(storageKey)) table.set(keyOf(object), object);
    const listeners: Kind['listeners'] = new Set();
    const stop = this.#store.subscribe(storageKey, (event) => {
      const apply = (): void => {
        if (event.type === 'DELETED') table.delete(keyOf(event.object));
        else table.set(keyOf(event.object), event.object);
        for (const listener of listeners) listener(event);
      };
      const lag = this.#lagMs();
      if (lag <= 0 && this.#late.length === 0) apply();
      else this.#later(performance.now() + lag, apply);
    });
    return { table, listeners, stop };
  }

  #later(due: number, apply: () => void): void {
    // Nothing overtakes what came before, whatever the lag is now.
    this.#late.push({ due: Math.max(due, this.#late.at(-1)?.due ?? 0), apply });
    if (this.#late.length === 1) this.#wait();
  }

  #wait(): void {
    const [next] = this.#late;
    if (next === undefined) return;
    const work = (): void => {
      this.#late.shift();
      next.apply();
      this.#wait();
    };
    this.#timer = setTimeout(work, Math.max(0, next.due - performance.now())).unref();
  }
}

function keyOf({ metadata }: KubeObject): string {
  return objectKey(metadata.namespace, metadata.name);
}
