/** Bytes to watch events: lines of JSON, however the network cut them. */

import { operatorError } from '../errors.ts';
import type { KubeObject } from './objects.ts';
import type { WatchEvent } from './watcher.ts';

/** etcd holds at most 1.5 MB per object (3 MB where raised), and JSON may double it. */
export const MAX_LINE = 16 * 1024 * 1024;

/**
 * Splits into lines without their ends; empty lines are left out. A character that is cut in two by a chunk's end is
 * put together again. What stands behind the last line end is an event cut off by the connection, and is dropped:
 * the watch goes on from before it. Throws SI2006 when a line grows beyond `limit` characters.
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  { resource, limit = MAX_LINE }: { resource: string; limit?: number },
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Pieces of one long line are joined once, not added one by one.
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      pieces.push(text.slice(start, end));
      const line = pieces.join('');
      start = end + 1;
      pieces = [];
      length = 0;
      if (line.trim() !== '') yield line;
    }
    pieces.push(text.slice(start));
    length += text.length - start;
    if (length > limit) throw operatorError('SI2006', { resource, limit });
  }
}

/** The events of a watch. Throws SI2004 for a line that is no event. */
export async function* watchEvents<T extends KubeObject>(
  chunks: AsyncIterable<Uint8Array>,
  options: { resource: string; limit?: number },
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(chunks, options)) {
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch (cause) {
      const detail = `a line of ${line.length} characters that is not JSON`;
      throw operatorError('SI2004', { method: 'WATCH', path: options.resource, detail }, { cause });
    }
    if (typeof event !== 'object' || event === null || typeof (event as { object?: unknown }).object !== 'object') {
      throw operatorError('SI2004', { method: 'WATCH', path: options.resource, detail: 'a line that is no event' });
    }
    yield event as WatchEvent<T>;
  }
}
