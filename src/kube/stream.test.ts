import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { OperatorError } from '../errors.ts';
import { lines, watchEvents } from './stream.ts';

async function* chunked(bytes: Uint8Array, cuts: number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)) {
    yield bytes.subarray(start, cut);
    start = cut;
  }
  yield bytes.subarray(start);
}

const code = (expected: string) => (error: unknown) => error instanceof OperatorError && error.code === expected;
const options = { resource: 'pods' };

describe('lines', () => {
  it('are the same however the network cuts them, characters of several bytes too', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/\n/.test(text) && text.trim() !== '');
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (texts, cuts) => {
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(''));
        // A byte order mark at the start of a stream is the decoder's, not ours.
        fc.pre(!texts[0]?.startsWith('\uFEFF'));
        assert.deepEqual(await Array.fromAsync(lines(chunked(bytes, cuts), options)), texts);
      }),
    );
  });

  it('leave out what is empty and what has no end', async () => {
    const bytes = new TextEncoder().encode('a\n\n  \nb\n{"cut":');
    assert.deepEqual(await Array.fromAsync(lines(chunked(bytes, []), options)), ['a', 'b']);
  });

  it('that never end are refused before they fill the memory', async () => {
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent++;
        yield new Uint8Array(1000).fill(97);
      }
    }
    await assert.rejects(Array.fromAsync(lines(endless(), { ...options, limit: 10_000 })), code('SI2006'));
    assert.equal(sent, 11);
  });

  it('are asked for only as fast as they are taken', async () => {
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new TextEncoder().encode(`${sent++}\n`);
    }
    for await (const line of lines(endless(), options)) {
      assert.ok(sent - Number(line) <= 1);
      if (line === '50') break;
    }
  });
});

describe('watch events', () => {
  it('that are no JSON, or no event, are an error and not skipped', async () => {
    for (const text of ['{"type":"ADDED"', 'null', '"text"', '{"type":"ADDED"}', '[]']) {
      const bytes = new TextEncoder().encode(`${text}\n`);
      await assert.rejects(Array.fromAsync(watchEvents(chunked(bytes, []), options)), code('SI2004'), text);
    }
  });
});
