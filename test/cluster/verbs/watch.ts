import type { Writable } from 'node:stream';
import { listOptions } from '../http/options.ts';
import type { ListOptions } from '../http/options.ts';
import { expired, failure } from '../status.ts';
import type { StatusBody } from '../status.ts';
import type { History } from '../storage/history.ts';
import type { KubeObject, Resource, WatchEvent } from '../types.ts';
import type { Call } from './call.ts';
import { selectionOf } from './selection.ts';
import type { Selection } from './selection.ts';

// endpoints/handlers/get.go: without timeoutSeconds a watch lasts between this and twice as long.
const MIN_TIMEOUT_MS = 1_800_000;
// storage/cacher/cache_watcher.go: how often bookmarks come, and how long before the end the last one does.
const BOOKMARK_INTERVAL_MS = 60_000;
const BOOKMARK_BEFORE_END_MS = 2_000;

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

/** Turns events into bytes in the form that the client asked for. `event` is given where its bytes can be shared. */
export type EventEncoder = (type: EventType, object: KubeObject | StatusBody, event?: WatchEvent) => Buffer;

/** A watch that has been accepted and waits for the connection to write to. */
export interface Watch {
  resource: Resource;
  namespace?: string;
  /** Runs until the time is up, the client goes, or the watcher is too slow. */
  run(sink: Writable, encode: EventEncoder): void;
}

/** GET of a collection with watch=true (endpoints/handlers/watch.go, storage/cacher). @throws StatusError 400, 422, 500 */
export function watch(call: Call): Watch {
  const options = listOptions(call.query);
  const selects = selectionOf(call.resource, options);
  const revision = startRevision(options.resourceVersion);
  const { resource, namespace } = call;
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    run(sink, encode) {
      const { store } = call.parts;
      const history = store.history(resource.storageKey);
      const initial = options.sendInitialEvents ?? revision === 0;
      const kept = revision === 0 || revision >= store.compactedRevision;
      const cursor = initial || revision === 0 ? history.end : kept ? history.cursorAfter(revision) : undefined;
      if (cursor === undefined) {
        const { status } = expired(`too old resource version: ${revision} (${store.revision})`);
        sink.end(encode('ERROR', status));
        return;
      }
      const scope = inNamespace(namespace, selects);
      const stream = new WatchStream({
        sink,
        encode,
        history,
        cursor,
        after: revision,
        selects: scope,
        resource,
        options,
        lagMs: call.parts.watchLagMs ?? 0,
      });
      const objects = initial ? store.list(resource.storageKey, namespace) : [];
      stream.begin(objects, store.revision, () => store.revision);
      stream.follow(store.subscribe(resource.storageKey, () => stream.wake()));
    },
  };
}

/** storage.APIObjectVersioner.ParseResourceVersion; a malformed version is an error without a type, so a 500. */
function startRevision(text: string): number {
  if (text === '') return 0;
  if (!/^\d+$/v.test(text)) {
    throw failure(
      500,
      '',
      `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return Number(text);
}

function inNamespace(namespace: string | undefined, selects: Selection | undefined): Selection {
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && (selects?.(object) ?? true);
}

/**
 * What one event is for a watcher with a selector: an object may enter it (ADDED) or leave it (DELETED, with its old
 * content and the new version). Undefined when the event is none of its business.
 */
export function eventFor(
  event: WatchEvent,
  selects: Selection,
): { type: WatchEvent['type']; object: KubeObject; shared: boolean } | undefined {
  const { object, previous, type } = event;
  const now = type !== 'DELETED' && selects(object);
  const before = previous !== undefined && selects(previous);
  if (now && before) return { type: 'MODIFIED', object, shared: true };
  if (now) return { type: 'ADDED', object, shared: true };
  if (!before) return undefined;
  if (type === 'DELETED') return { type, object, shared: true };
  const metadata = { ...previous.metadata, resourceVersion: String(event.resourceVersion) };
  return { type: 'DELETED', object: { ...previous, metadata }, shared: false };
}

interface StreamParts {
  sink: Writable;
  encode: EventEncoder;
  history: History;
  cursor: number;
  /** Events up to this revision are not wanted, even when the cluster has not come that far yet. */
  after: number;
  selects: Selection;
  resource: Resource;
  options: ListOptions;
  /** How old an event must be to be told. */
  lagMs: number;
}

/** One running watch. It holds a cursor and no events: while the client does not read, nothing piles up. */
class WatchStream {
  readonly #parts: StreamParts;
  #cursor: number;
  #initial: Iterator<Buffer> | undefined;
  #blocked = false;
  #scheduled = false;
  #ended = false;
  #timers: NodeJS.Timeout[] = [];
  #unsubscribe: () => void = () => {};

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#cursor = parts.cursor;
  }

  /** Starts the clock and sends the initial state. `revision` is that of the state, `current` tells the newest one. */
  begin(objects: KubeObject[], revision: number, current: () => number): void {
    const { sink, options } = this.#parts;
    sink.once('close', () => this.#stop());
    sink.once('error', () => this.#stop());
    this.#initial = this.#initialEvents(objects, revision);
    const lifetime = options.timeoutSeconds ? options.timeoutSeconds * 1000 : MIN_TIMEOUT_MS * (1 + Math.random());
    this.#timers.push(setTimeout(() => this.#end(), lifetime));
    if (options.allowWatchBookmarks) this.#planBookmarks(lifetime, current);
    this.#pump();
  }

  /** Takes over the subscription that wakes this stream. */
  follow(unsubscribe: () => void): void {
    this.#unsubscribe = unsubscribe;
    if (this.#ended) unsubscribe();
  }

  /** There may be new events. Several wake-ups in one turn cost one look. */
  wake(): void {
    this.#pumpSoon((pump) => setImmediate(pump));
  }

  #pumpSoon(schedule: (pump: () => void) => unknown): void {
    if (this.#scheduled || this.#blocked || this.#ended) return;
    this.#scheduled = true;
    schedule(() => {
      this.#scheduled = false;
      this.#guarded(() => this.#pump());
    });
  }

  *#initialEvents(objects: KubeObject[], revision: number): Generator<Buffer> {
    const { selects, encode, options } = this.#parts;
    for (const object of objects) if (selects(object)) yield encode('ADDED', object);
    if (options.sendInitialEvents && options.allowWatchBookmarks) {
      yield encode('BOOKMARK', this.#bookmark(revision, { 'k8s.io/initial-events-end': 'true' }));
    }
  }

  #bookmark(revision: number, annotations?: Record<string, string>): KubeObject {
    const { resource } = this.#parts;
    const properties = resource.custom ? {} : (resource.schema()?.properties ?? {});
    // Go writes out the empty structs of a typed object.
    const structs = ['spec', 'status'].filter((name) => Object.hasOwn(properties, name));
    return {
      ...Object.fromEntries(structs.map((name) => [name, {}])),
      kind: resource.kind,
      apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
      metadata: { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) },
    } as KubeObject;
  }

  #planBookmarks(lifetime: number, current: () => number): void {
    const send = (): void => {
      // One that has not kept up must not be told that it has.
      if (this.#blocked || this.#ended || this.#initial || this.#cursor < this.#parts.history.end) return;
      this.#write(this.#parts.encode('BOOKMARK', this.#bookmark(current())));
    };
    const guarded = (): void => this.#guarded(send);
    this.#timers.push(setInterval(guarded, BOOKMARK_INTERVAL_MS));
    if (lifetime > BOOKMARK_BEFORE_END_MS) this.#timers.push(setTimeout(guarded, lifetime - BOOKMARK_BEFORE_END_MS));
  }

  #pump(): void {
    const { history, selects, encode, after, lagMs } = this.#parts;
    while (!this.#blocked && !this.#ended) {
      const first = this.#initial?.next();
      if (first && !first.done) {
        this.#write(first.value);
        continue;
      }
      this.#initial = undefined;
      if (this.#cursor >= history.end) return;
      const event = history.at(this.#cursor);
      // It fell out of the window: too slow. A real server ends such watches as well; the client lists again.
      if (!event) return this.#end();
      const early = lagMs > 0 ? (event.at ?? 0) + lagMs - performance.now() : 0;
      if (early > 0) return this.#pumpSoon((pump) => setTimeout(pump, early).unref());
      this.#cursor++;
      if (event.resourceVersion <= after) continue;
      const seen = eventFor(event, selects);
      if (seen) this.#write(encode(seen.type, seen.object, seen.shared ? event : undefined));
    }
  }

  #write(bytes: Buffer): void {
    const { sink } = this.#parts;
    if (sink.write(bytes) || this.#ended) return;
    this.#blocked = true;
    sink.once('drain', () => {
      this.#blocked = false;
      this.#guarded(() => this.#pump());
    });
  }

  /** An object that cannot be shown ends its watch, not the cluster. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      console.error(error);
      this.#parts.sink.destroy();
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#stop();
    this.#parts.sink.end();
  }

  #stop(): void {
    this.#ended = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }
}
