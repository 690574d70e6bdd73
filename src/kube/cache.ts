/**
 * A local copy of one resource that follows the API server: list, watch, and whatever happens in between.
 * It only ever ends by its signal. Readers get frozen raw JSON without managedFields.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { operatorError } from '../errors.ts';
import type { Logger } from '../observe/log.ts';
import { linkAbort } from './abort.ts';
import { Backoff, type BackoffLimits } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isForbidden, isNotFound } from './errors.ts';
import type { KubeObject } from './objects.ts';
import { resourcePath, type ResourceRef } from './resources.ts';
import { Store, keyFor, type Change, type Indexer } from './store.ts';
import { watchEvents } from './stream.ts';
import { trim } from './trim.ts';
import { METADATA, listPage, withType } from './verbs.ts';
import {
  EMPTY,
  nextState,
  type RestartReason,
  type Transition,
  type WatcherInput,
  type WatcherState,
} from './watcher.ts';

export type { Change } from './store.ts';

/** Where a cache reports what happens to it. */
export interface CacheObserver {
  watchRestart(resource: string, reason: RestartReason): void;
  relist(resource: string): void;
  event(resource: string): void;
  objects(resource: string, count: number): void;
  listenerError(resource: string): void;
}

export interface CacheTiming {
  /** Seconds after which the server is asked to end a watch: a random value between the two. */
  watchSeconds: readonly [number, number];
  /** How much longer than that a silent watch is believed to live, in milliseconds. */
  idleMarginMs: number;
  backoff: BackoffLimits;
}

export const CACHE_TIMING: CacheTiming = {
  watchSeconds: [240, 300],
  idleMarginMs: 5000,
  // client-go waits up to 30 s, as thousands of kubelets may come back at once. Here a few replicas do, on whose view pods depend.
  backoff: { baseMs: 800, maxMs: 8000 },
};

/** A Retry-After beyond this would leave the cache blind for longer than any overload lasts. */
const LONGEST_ASKED_SECONDS = 60;

export interface CacheOptions<T extends KubeObject> {
  client: KubeClient;
  resource: ResourceRef;
  log: Logger;
  /** Only objects of this namespace. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Reads metadata alone: a tenth of the memory of whole pods. */
  metadataOnly?: boolean;
  /** What is kept of an object. It may change the object that it is given, which nobody else knows yet. */
  slim?: (object: T) => T;
  indexers?: Record<string, Indexer<T>>;
  metrics?: CacheObserver;
  timing?: Partial<CacheTiming>;
  /** Objects per page of a list. Default 500. */
  pageSize?: number;
}

export type ChangeListener<T extends KubeObject> = (change: Change<T>) => void;

export class ResourceCache<T extends KubeObject> {
  readonly #options: CacheOptions<T>;
  readonly #timing: CacheTiming;
  readonly #log: Logger;
  readonly #store: Store<T>;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #state: WatcherState<T> = EMPTY;
  #hasSynced = false;

  constructor(options: CacheOptions<T>) {
    this.#options = options;
    this.#timing = { ...CACHE_TIMING, ...options.timing };
    this.#log = options.log.child({ resource: options.resource.plural });
    this.#store = new Store(options.indexers);
    this.#backoff = new Backoff(this.#timing.backoff);
  }

  /** The resource's plural name, as in messages and metrics. */
  get name(): string {
    return this.#options.resource.plural;
  }

  /** True once a whole list has been read. It stays true while the server is away: what is known is still the best guess. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves with the first whole list; rejects with the signal's reason. */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return;
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#synced.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#store.get(keyFor(name, namespace));
  }

  list(): T[] {
    return this.#store.list();
  }

  /** The objects that one of the `indexers` filed under this value. */
  byIndex(index: string, value: string): T[] {
    return this.#store.byIndex(index, value);
  }

  /**
   * Calls the listener for each change from now on, and at once with an `added` for each object that is known already.
   * A listener must only note the key: it runs inside the watch. Returns the function that ends it.
   */
  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#store.list()) {
      this.#notify(listener, { type: 'added', key: keyFor(object.metadata.name, object.metadata.namespace), object });
    }
    return () => this.#listeners.delete(listener);
  }

  /** Follows the server until the signal aborts; then it resolves. Never rejects. Call once. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#state.phase === 'watching') await this.#watch(this.#state.resourceVersion, signal);
        else await this.#list(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#advance({ type: 'failed', error }, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource } = this.#options;
    if (this.#state.phase === 'empty') this.#options.metrics?.relist(this.name);
    const page = await listPage<T>(
      client,
      resource,
      { ...this.#options, limit: this.#options.pageSize, signal },
      this.#state.phase === 'paging' ? this.#state.continueToken : undefined,
    );
    const items = (page.items ?? []).map((item) => this.#ingest(item));
    const { resourceVersion = '', continue: continueToken } = page.metadata;
    await this.#advance({ type: 'page', items, resourceVersion, continueToken }, signal);
  }

  /** One watch, from its start to its end. */
  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    const [shortest, longest] = this.#timing.watchSeconds;
    const timeoutSeconds = Math.round(shortest + Math.random() * (longest - shortest));
    const idleMs = timeoutSeconds * 1000 + this.#timing.idleMarginMs;
    const link = linkAbort(signal);
    const silent = operatorError('SI2007', { resource: this.name, detail: `nothing came for ${idleMs / 1000} s` });
    const idle = setTimeout(() => link.abort(silent), idleMs);
    try {
      const bytes = await client.stream({
        path: resourcePath(resource, { namespace }),
        query: {
          watch: true,
          resourceVersion,
          allowWatchBookmarks: true,
          timeoutSeconds,
          labelSelector,
          fieldSelector,
        },
        ...(metadataOnly && { accept: METADATA }),
        signal: link.signal,
      });
      const opened = performance.now();
      for await (const event of watchEvents<T>(bytes, { resource: this.name })) {
        idle.refresh();
        signal.throwIfAborted();
        this.#options.metrics?.event(this.name);
        const ended = await this.#advance({ type: 'event', event }, signal);
        if (ended) return;
        this.#backoff.reset();
      }
      // A watch that lived its time was healthy even when nothing happened.
      if (performance.now() - opened > shortest * 500) this.#backoff.reset();
      await this.#advance({ type: 'closed' }, signal);
    } finally {
      clearTimeout(idle);
      link.unlink();
    }
  }

  /** Takes one input through the state machine. True when the stream or list under way is over. */
  async #advance(input: WatcherInput<T>, signal: AbortSignal): Promise<boolean> {
    const event = input.type === 'event' && input.event.type !== 'ERROR' ? this.#ingestEvent(input) : input;
    const transition = nextState(this.#state, event);
    this.#state = transition.state;
    this.#carryOut(transition);
    if (!transition.restart) return false;
    await this.#pause(transition.restart, signal);
    return true;
  }

  #ingestEvent(input: Extract<WatcherInput<T>, { type: 'event' }>): WatcherInput<T> {
    const { type, object } = input.event;
    // What has no metadata is no object; the state machine refuses it.
    if (type === 'BOOKMARK' || !(object as Partial<T>).metadata) return input;
    return { type: 'event', event: { type, object: this.#ingest(object as T) } };
  }

  /** Freezes, after taking away what nobody reads. */
  #ingest(object: T): T {
    const typed = withType(object, this.#options.resource);
    return trim(this.#options.slim?.(typed) ?? typed);
  }

  #carryOut({ effect }: Transition<T>): void {
    if (!effect) return;
    const changes =
      effect.type === 'replace'
        ? this.#store.replace(effect.items)
        : [effect.type === 'put' ? this.#store.put(effect.object) : this.#store.drop(effect.object)];
    this.#options.metrics?.objects(this.name, this.#store.size);
    for (const change of changes) {
      if (change) for (const listener of this.#listeners) this.#notify(listener, change);
    }
    if (effect.type === 'replace' && !this.#hasSynced) {
      this.#hasSynced = true;
      this.#synced.resolve();
      this.#log.debug('cache filled', { objects: this.#store.size });
    }
  }

  #notify(listener: ChangeListener<T>, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      // One listener's defect must not stop the watch of all others.
      this.#options.metrics?.listenerError(this.name);
      this.#log.error('a listener of the cache failed', { key: change.key, error });
    }
  }

  async #pause({ reason, pause, error }: NonNullable<Transition<T>['restart']>, signal: AbortSignal): Promise<void> {
    this.#options.metrics?.watchRestart(this.name, reason);
    const first = this.#backoff.failures === 0;
    const delay = this.#backoff.next();
    const asked = error instanceof ApiError ? Math.min(error.retryAfterSeconds ?? 0, LONGEST_ASKED_SECONDS) * 1000 : 0;
    const delayMs = Math.round(Math.max(pause === 'first' && first ? 0 : delay, asked));
    if (error !== undefined) this.#report(error, reason, delayMs);
    try {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal });
    } catch {
      // Aborted: the caller's loop sees it.
    }
  }

  #report(error: unknown, reason: RestartReason, delayMs: number): void {
    const resource = this.name;
    const known = isNotFound(error)
      ? operatorError('SI2008', { resource }, { cause: error })
      : isForbidden(error)
        ? operatorError('SI2009', { verb: 'list and watch', resource, detail: error.message })
        : error;
    // The first break of a connection is everyday life; what repeats, or needs somebody, is not.
    const level = known !== error || this.#backoff.failures > 2 ? 'warn' : 'debug';
    this.#log[level]('the watch is resumed after a failure', { reason, delayMs, error: known });
  }
}
