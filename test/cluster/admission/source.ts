import type { KubeObject, ObjectStore } from '../types.ts';
import { ADMISSION_REGISTRATION } from './webhooks.ts';
import type { Hook, Webhook } from './webhooks.ts';

/**
 * The configurations of one kind as admission sees them: through a cache that follows the storage, late by the lag when there is one
 * (apiserver/pkg/admission/configuration).
 */
export class ConfigurationCache {
  readonly #objects = new Map<string, KubeObject>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stop: () => void;
  #sorted: KubeObject[] | undefined;

  /** @param lagMs asked at each change. */
  constructor(store: ObjectStore, plural: string, lagMs: () => number) {
    const key = `${plural}.${ADMISSION_REGISTRATION}`;
    for (const object of store.list(key)) this.#objects.set(object.metadata.name, object);
    this.#stop = store.subscribe(key, ({ type, object }) => {
      const apply = (): void => {
        if (type === 'DELETED') this.#objects.delete(object.metadata.name);
        else this.#objects.set(object.metadata.name, object);
        this.#sorted = undefined;
      };
      const lag = lagMs();
      if (lag <= 0) {
        apply();
        return;
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        apply();
      }, lag).unref();
      this.#timers.add(timer);
    });
  }

  /** By name. */
  list(): KubeObject[] {
    this.#sorted ??= [...this.#objects.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return this.#sorted;
  }

  /** The webhooks of all configurations in the order they are called. */
  hooks(): Hook[] {
    return this.list().flatMap((object) =>
      ((object['webhooks'] as Webhook[] | undefined) ?? []).map((webhook) => ({
        webhook,
        configuration: object.metadata.name,
      })),
    );
  }

  close(): void {
    this.#stop();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
