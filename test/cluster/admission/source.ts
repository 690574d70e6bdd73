import type { KubeObject, ObjectStore } from '../types.ts';
import { ADMISSION_REGISTRATION, webhooksOf } from './webhooks.ts';
import type { Hook, Webhook } from './webhooks.ts';

/** The storage key of a kind of configuration. */
export function configurationKey(plural: string): string {
  return `${plural}.${ADMISSION_REGISTRATION}`;
}

interface Version {
  at: number;
  object: KubeObject;
}

interface Indexed {
  webhook: Webhook;
  /** Which its rules name. */
  resources: ReadonlySet<string>;
}

const known = new WeakMap<KubeObject, readonly Indexed[]>();

/** The webhooks of a configuration, which are looked at anew whenever another one has changed. Stored objects never change. */
function indexed(configuration: KubeObject): readonly Indexed[] {
  const found = known.get(configuration);
  if (found !== undefined) return found;
  const made = webhooksOf(configuration).map((webhook) => {
    const entries = (webhook.rules ?? []).flatMap(({ resources }) => resources);
    return { webhook, resources: new Set(entries.map((entry) => entry.split('/')[0] ?? '')) };
  });
  known.set(configuration, made);
  return made;
}

/** The configurations of one kind as admission sees them: sorted anew only after a change (apiserver/pkg/admission/configuration). */
export class ConfigurationCache {
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #stop: () => void;
  #sorted: KubeObject[] | undefined;
  readonly #hooks = new Map<string, Hook[]>();
  readonly #raceMs: number;
  readonly #last = new Map<string, Version>();
  readonly #missed = new Map<string, KubeObject>();

  /**
   * @param raceMs a second change of one object within this time is missed until the next one. That is the race in Kubernetes
   *   (apiserver/pkg/admission/configuration/mutating_webhook_manager.go: getMutatingWebhookConfigurations stores what it made of
   *   the first change after the handler of the second has dropped it) in the worst case; in life about one time in 2,000.
   */
  constructor(store: ObjectStore, plural: string, raceMs = 0) {
    this.#store = store;
    this.#key = configurationKey(plural);
    this.#raceMs = raceMs;
    this.#stop = store.subscribe(this.#key, ({ type, object }) => {
      this.#sorted = undefined;
      this.#hooks.clear();
      if (raceMs > 0) this.#race(type === 'MODIFIED', object);
    });
  }

  /** By name. */
  list(): KubeObject[] {
    this.#sorted ??= this.#store.list(this.#key).map((object) => this.#missed.get(object.metadata.name) ?? object);
    return this.#sorted;
  }

  #race(modified: boolean, object: KubeObject): void {
    const { name } = object.metadata;
    const last = this.#last.get(name);
    const at = performance.now();
    if (modified && last !== undefined && at - last.at < this.#raceMs) this.#missed.set(name, last.object);
    else this.#missed.delete(name);
    this.#last.set(name, { at, object });
  }

  /** The webhooks with a rule about resources of this plural name, in the order they are called. The others cannot match. */
  hooks(plural: string): Hook[] {
    const found = this.#hooks.get(plural);
    if (found !== undefined) return found;
    const hooks: Hook[] = [];
    let index = 0;
    for (const object of this.list()) {
      for (const { webhook, resources } of indexed(object)) {
        if (resources.has(plural) || resources.has('*'))
          hooks.push({ webhook, configuration: object.metadata.name, index });
        index++;
      }
    }
    this.#hooks.set(plural, hooks);
    return hooks;
  }

  close(): void {
    this.#stop();
  }
}
