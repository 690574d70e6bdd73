/** Reads the events of a running watch, in portions. */

import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { own } from './json.ts';
import type { Reading } from './scenario.ts';

const POLL_MS = 20;
/** How long it looks for events beyond those that were expected. */
const SETTLE_MS = 250;
const DEFAULT_TIMEOUT_MS = 10_000;

/** A server may send these whenever it likes; those with annotations mark the end of the initial events. */
const isOrdinaryBookmark = (event: unknown): boolean =>
  own(event, 'type') === 'BOOKMARK' && own(own(own(event, 'object'), 'metadata'), 'annotations') === undefined;

const parseEvent = (line: string): unknown => {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return { unparsable: line };
  }
};

export class WatchReader {
  readonly #stream: IncomingMessage;
  readonly #bookmarks: boolean;
  #rest = '';
  #events: unknown[] = [];

  /** With `bookmarks`, ordinary ones are kept: one for each row of them. */
  constructor(stream: IncomingMessage, bookmarks: boolean) {
    this.#stream = stream;
    this.#bookmarks = bookmarks;
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.#receive(chunk));
    // A server that tears the connection ends the watch as well; 'close' follows.
    stream.on('error', () => {});
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines.filter((text) => text.trim() !== '')) {
      const event = parseEvent(line);
      if (this.#bookmarks || !isOrdinaryBookmark(event)) this.#events.push(event);
    }
  }

  /** The events since the last reading. */
  async read({ count = Infinity, untilClosed = false, timeoutMs = DEFAULT_TIMEOUT_MS }: Reading): Promise<unknown[]> {
    const end = Date.now() + timeoutMs;
    while (Date.now() < end && !this.#stream.closed) {
      if (!untilClosed && this.#events.length >= count) {
        await delay(SETTLE_MS);
        break;
      }
      await delay(POLL_MS);
    }
    const events = this.#events;
    this.#events = [];
    return events.filter(
      (event, index) =>
        !isOrdinaryBookmark(event) || index === events.length - 1 || !isOrdinaryBookmark(events[index + 1]),
    );
  }

  stop(): void {
    this.#stream.destroy();
  }
}
