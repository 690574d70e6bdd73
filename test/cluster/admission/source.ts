import type { KubeObject, ObjectStore } from '../types.ts';
import { ADMISSION_REGISTRATION } from './webhooks.ts';
import type { Hook, Webhook } from './webhooks.ts';

/** The storage key of a kind of configuration. */
export function configurationKey(plural: string): string {
  return `${plural}.${ADMISSION_REGISTRATION}`;
}

interface Version {
  at: number;
  object: KubeObject;
}

function isAbout({ rules = [] }: Webhook, plural: string): boolean {
  return rules.some(({ resources }) => resources.some((entry) => ['*', plural].includes(entry.split('/')[0] ?? '')));
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
    const known = this.#hooks.get(plural);
    if (known !== undefined) return known;
    const all = this.list().flatMap((object) =>
      ((object['webhooks'] as Webhook[] | undefined) ?? []).map((webhook) => ({
        webhook,
        configuration: object.metadata.name,
      })),
    );
    const hooks = all.map((hook, index) => ({ ...hook, index })).filter(({ webhook }) => isAbout(webhook, plural));
    this.#hooks.set(plural, hooks);
    return hooks;
  }

  close(): void {
    this.#stop();
  }
}
