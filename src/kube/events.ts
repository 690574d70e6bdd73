/**
 * Tells people what happened, as Events of the object it happened to (`kubectl describe`). Events are a courtesy: the
 * recorder never throws, never blocks, and drops what comes too fast. The same message again is counted in a series.
 */

import type { Logger } from '../observe/log.ts';
import type { KubeClient } from './client.ts';
import { isForbidden, isNotFound } from './errors.ts';
import { microTime } from './lease.ts';
import type { Event, ObjectReference } from './objects.ts';
import { RESOURCES, apiVersionOf, resourcePath } from './resources.ts';
import { create } from './verbs.ts';

export interface EventInput {
  /** The object that `kubectl describe` shows it at. Give uid, or it will not be found there. */
  regarding: ObjectReference;
  related?: ObjectReference;
  type: 'Normal' | 'Warning';
  /** Why, as one CamelCase word that machines compare. */
  reason: string;
  /** What was done or tried, as one CamelCase word. */
  action: string;
  /** For people; at most 1024 bytes are kept. */
  note: string;
}

export interface EventRecorderOptions {
  client: KubeClient;
  log: Logger;
  /** Who reports: this replica's name. */
  instance: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Counts Events that were dropped. */
  onDrop?: () => void;
  /** Events of one object at once, before they come at `refillMs`. Default 25, as client-go. */
  burst?: number;
  /** One more Event per object in this time. Default 10 s. */
  refillMs?: number;
  /** A series is written at most this often. Default 10 s. */
  seriesMs?: number;
}

const CONTROLLER = 'sidecarinjector.dev/operator';
/** As client-go: an Event that has not come for so long begins a new series. */
const SERIES_ENDS_MS = 6 * 60_000;
/** What is remembered, so that thousands of pods do not make the memory grow. */
const MAX_REMEMBERED = 1000;
const MAX_NOTE = 1024;

interface Series {
  event: Event;
  count: number;
  lastAt: number;
  writtenAt: number;
  timer?: NodeJS.Timeout;
  /** The writes of one Event come one after the other: a count must not overtake the Event itself. */
  written: Promise<void>;
}

interface Bucket {
  tokens: number;
  at: number;
}

export class EventRecorder {
  readonly #options: Required<Omit<EventRecorderOptions, 'onDrop'>> & Pick<EventRecorderOptions, 'onDrop'>;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, Bucket>();
  readonly #writes = new Set<Promise<void>>();
  #serial = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = { burst: 25, refillMs: 10_000, seriesMs: 10_000, ...options };
  }

  /** Records. Returns at once. */
  record(input: EventInput): void {
    const now = this.#options.now();
    const key = JSON.stringify([
      input.regarding.uid ?? input.regarding.name,
      input.type,
      input.reason,
      input.action,
      input.note,
    ]);
    const known = this.#series.get(key);
    if (known && now - known.lastAt < SERIES_ENDS_MS) {
      known.count++;
      known.lastAt = now;
      this.#planSeries(known, now);
      return;
    }
    if (!this.#allowed(input.regarding, now)) {
      this.#options.onDrop?.();
      return;
    }
    const event = this.#event(input, now);
    const series = { event, count: 1, lastAt: now, writtenAt: now, written: Promise.resolve() };
    remember(this.#series, key, series);
    this.#write(series, async () => {
      await create(this.#options.client, RESOURCES.events, event);
    });
  }

  /** Writes what is left and resolves when all writes are over. For the end of the process. */
  async close(): Promise<void> {
    for (const series of this.#series.values()) {
      if (series.timer) this.#writeSeries(series);
    }
    await Promise.all(this.#writes);
  }

  #planSeries(series: Series, now: number): void {
    if (series.timer) return;
    const wait = series.writtenAt + this.#options.seriesMs - now;
    series.timer = setTimeout(() => this.#writeSeries(series), Math.max(0, wait));
    // A count that is not written is no reason to keep a process alive.
    series.timer.unref();
  }

  #writeSeries(series: Series): void {
    clearTimeout(series.timer);
    delete series.timer;
    series.writtenAt = this.#options.now();
    const value = { count: series.count, lastObservedTime: microTime(series.lastAt) };
    this.#write(series, async () => {
      const { client } = this.#options;
      const { name, namespace } = series.event.metadata;
      try {
        await client.request({
          method: 'PATCH',
          path: resourcePath(RESOURCES.events, { name, namespace }),
          contentType: 'application/merge-patch+json',
          body: { series: value },
        });
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The API server keeps Events for an hour; this one has gone.
        await create(client, RESOURCES.events, { ...series.event, series: value });
      }
    });
  }

  #write(series: Series, write: () => Promise<void>): void {
    const done = series.written
      .then(write)
      .catch((error: unknown) => {
        this.#options.onDrop?.();
        // A namespace that ends forbids new Events; everything else may interest somebody.
        this.#options.log[isForbidden(error) ? 'debug' : 'info']('an Event could not be written', { error });
      })
      .finally(() => this.#writes.delete(done));
    series.written = done;
    this.#writes.add(done);
  }

  /** A token bucket per object. */
  #allowed(regarding: ObjectReference, now: number): boolean {
    const key = regarding.uid ?? `${regarding.namespace ?? ''}/${regarding.name ?? ''}`;
    const { burst, refillMs } = this.#options;
    const known = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + (now - known.at) / refillMs);
    remember(this.#buckets, key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }

  #event({ regarding, related, type, reason, action, note }: EventInput, now: number): Event {
    // Unique among the replicas and their restarts; Kubernetes' own recorders name them alike.
    const suffix = `${now.toString(16)}${(this.#serial++).toString(16)}${Math.random().toString(16).slice(2, 8)}`;
    return {
      apiVersion: apiVersionOf(RESOURCES.events),
      kind: RESOURCES.events.kind,
      metadata: {
        name: `${(regarding.name ?? 'unknown').slice(0, 220)}.${suffix}`,
        // Events of cluster-scoped objects live in `default` (k8s.io/kubernetes/pkg/apis/core/validation/events.go).
        namespace: regarding.namespace ?? 'default',
      },
      eventTime: microTime(now),
      reportingController: CONTROLLER,
      reportingInstance: this.#options.instance.slice(0, 128),
      type,
      reason: reason.slice(0, 128),
      action: action.slice(0, 128),
      note: cut(note),
      regarding,
      ...(related && { related }),
    };
  }
}

/** At most 1024 bytes of UTF-8, without half a character at the end. */
const cut = (note: string): string => {
  const bytes = Buffer.from(note);
  if (bytes.length <= MAX_NOTE) return note;
  return `${new TextDecoder().decode(bytes.subarray(0, MAX_NOTE - 3), { stream: true })}...`.replace(
    /\uFFFD\.{3}$/,
    '...',
  );
};

/** Sets, and forgets the oldest when there are too many. */
const remember = <V>(map: Map<string, V>, key: string, value: V): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
};
