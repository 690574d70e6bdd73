import type { KubeObject, ObjectStore } from '../types.ts';
import { ADMISSION_REGISTRATION } from './webhooks.ts';
import type { Hook, Webhook } from './webhooks.ts';

/** The storage key of a kind of configuration. */
export function configurationKey(plural: string): string {
  return `${plural}.${ADMISSION_REGISTRATION}`;
}

/** The configurations of one kind as admission sees them: sorted anew only after a change (apiserver/pkg/admission/configuration). */
export class ConfigurationCache {
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #stop: () => void;
  #sorted: KubeObject[] | undefined;

  constructor(store: ObjectStore, plural: string) {
    this.#store = store;
    this.#key = configurationKey(plural);
    this.#stop = store.subscribe(this.#key, () => {
      this.#sorted = undefined;
    });
  }

  /** By name. */
  list(): KubeObject[] {
    this.#sorted ??= this.#store.list(this.#key);
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
  }
}
