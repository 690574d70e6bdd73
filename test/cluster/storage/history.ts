import type { WatchEvent } from '../types.ts';

/**
 * The last events of one storage key, like the window of the watch cache (k8s.io/apiserver/pkg/storage/cacher).
 * Watchers read it with a cursor of their own and hold nothing else, so a slow one costs no memory: it falls out of the window.
 */
export class History {
  readonly #capacity: number;
  #events: WatchEvent[] = [];
  /** Sequence number of the first event that is kept. */
  #first = 0;
  #droppedRevision = 0;

  /** @param capacity events that are kept at least; at most twice as many are. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The sequence number that the next event will get. */
  get end(): number {
    return this.#first + this.#events.length;
  }

  /** Revision of the newest event that was dropped: later states can be told from the rest, earlier ones cannot. */
  get droppedRevision(): number {
    return this.#droppedRevision;
  }

  push(event: WatchEvent): void {
    this.#events.push(event);
    if (this.#events.length >= 2 * this.#capacity) this.#drop(this.#events.length - this.#capacity);
  }

  /** Forgets all events up to and with the revision. */
  compact(revision: number): void {
    this.#drop(this.#indexAfter(revision));
  }

  /** The sequence number of the first event after the revision; undefined when events after it have been dropped. */
  cursorAfter(revision: number): number | undefined {
    return revision < this.#droppedRevision ? undefined : this.#first + this.#indexAfter(revision);
  }

  /** The event with that sequence number; undefined when it was dropped or has not happened. */
  at(sequence: number): WatchEvent | undefined {
    return this.#events[sequence - this.#first];
  }

  #indexAfter(revision: number): number {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.resourceVersion ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(count: number): void {
    const last = this.#events[count - 1];
    if (!last) return;
    this.#droppedRevision = last.resourceVersion;
    this.#events = this.#events.slice(count);
    this.#first += count;
  }
}
