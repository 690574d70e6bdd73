/** What all controllers here share: a queue of keys that are worked off one by one, and the way to an object in the API. */
import type {
  JsonObject,
  KubeObject,
  LocalClient,
  ObjectStore,
  Registry,
  Resource,
  User,
  WatchEvent,
} from '../types.ts';

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 2000;

/** Keys worked on at the same time, so that a slow webhook does not hold up everything. */
const WORKERS = 5;

/**
 * Works on each key once at a time, again when it was named in between, and again later when the work failed or asked for it.
 * `reconcile` returns after how many milliseconds it wants to look again; undefined when nothing is left to do.
 */
export class Reconciler {
  readonly #reconcile: (key: string) => Promise<number | undefined>;
  readonly #waiting = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #starting = false;
  #stopped = false;

  constructor(reconcile: (key: string) => Promise<number | undefined>) {
    this.#reconcile = reconcile;
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    if (this.#starting) return;
    // Changes in a row are worked off together.
    this.#starting = true;
    setImmediate(() => {
      this.#starting = false;
      this.#start();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #addLater(key: string, milliseconds: number): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.add(key);
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#busy.size >= WORKERS) return;
      if (this.#busy.has(key)) continue;
      this.#waiting.delete(key);
      this.#busy.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      const again = await this.#reconcile(key);
      this.#failures.delete(key);
      if (again !== undefined) this.#addLater(key, again);
    } catch {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#addLater(key, Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS));
    }
    this.#busy.delete(key);
    this.#start();
  }
}

/** Keys of objects: the namespace may be empty. Neither part holds a slash. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
/** The parts of a key. */
export function splitKey(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

/** Subscribes to some storage keys at once. Returns the function that ends it. */
export function subscribeAll(store: ObjectStore, keys: string[], listener: (event: WatchEvent) => void): () => void {
  const ends = keys.map((key) => store.subscribe(key, listener));
  return () => {
    for (const end of ends) end();
  };
}

/** The resource through which objects of a storage key are written. */
export function resourceOf(registry: Registry, storageKey: string): Resource | undefined {
  return registry.all().find((resource) => resource.storageKey === storageKey && !resource.virtual);
}

/** The URL of an object, or of the collection. */
export function pathOf(
  resource: Resource,
  { namespace, name }: { namespace?: string | undefined; name?: string },
): string {
  const { group, version, plural } = resource;
  const base = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${namespace}` : '';
  return `${base}${scope}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** The API as a controller of kube-controller-manager uses it: under its own service account. Answers below 300, and 404, are fine; all else throws. */
export class ControllerClient {
  readonly #client: LocalClient;
  readonly #user: User;

  constructor(client: LocalClient, controller: string) {
    this.#client = client;
    this.#user = {
      username: `system:serviceaccount:kube-system:${controller}`,
      groups: [
        'system:serviceaccounts',
        'system:serviceaccounts:kube-system',
        'system:authenticated',
        'system:masters',
      ],
    };
  }

  /** The body of the answer; undefined when there is no such object. */
  async request(method: string, path: string, body?: unknown, contentType?: string): Promise<JsonObject | undefined> {
    const options = { user: this.#user, ...(contentType === undefined ? {} : { contentType }) };
    const answer = await this.#client.request(method, path, body, options);
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${String(answer.body['message'])}`);
    return answer.body;
  }
}
