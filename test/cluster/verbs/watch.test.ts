import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { eventEncoder } from '../output/events.ts';
import { builtinResources } from '../builtin/index.ts';
import { createRegistry } from '../registry.ts';
import { Store } from '../storage/store.ts';
import type { KubeObject, Resource } from '../types.ts';
import type { Call } from './call.ts';
import { eventFor, watch } from './watch.ts';

const registry = createRegistry(builtinResources());

function configMaps(): Resource {
  const resource = registry.find('', 'v1', 'configmaps');
  assert.ok(resource);
  return resource;
}

function callOf(store: Store, query: Record<string, string>): Call {
  return {
    parts: {
      store,
      registry,
      admission: { mutate: ({ object }) => Promise.resolve(object), validate: () => Promise.resolve() },
      authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    },
    resource: configMaps(),
    namespace: 'n',
    name: '',
    query: new URLSearchParams({ watch: 'true', ...query }),
    contentType: '',
    userAgent: 'test',
    body: Buffer.alloc(0),
    user: { username: 'test', groups: [] },
    warn() {},
    deadline: Date.now() + 1000,
    now: new Date(),
  };
}

const object = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', labels },
});

/** A client that reads only when it is told to. */
class Reader extends Writable {
  readonly chunks: Buffer[] = [];
  #resume: (() => void) | undefined;
  reading: boolean;

  constructor(reading: boolean) {
    super({ highWaterMark: 1024 });
    this.reading = reading;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    if (this.reading) done();
    else this.#resume = done;
  }

  read(): void {
    this.reading = true;
    this.#resume?.();
  }

  events(): { type: string; object: KubeObject }[] {
    const lines = Buffer.concat(this.chunks).toString('utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as { type: string; object: KubeObject });
  }
}

function start(store: Store, reader: Reader, query: Record<string, string> = {}): void {
  const output = { yaml: false };
  watch(callOf(store, query)).run(
    reader,
    eventEncoder({ resource: configMaps(), output, includeObject: '', now: new Date() }),
  );
}

describe('eventFor', () => {
  const selects = ({ metadata }: KubeObject): boolean => metadata.labels?.['on'] === 'yes';
  const before = {
    ...object('a', { on: 'yes' }),
    metadata: { name: 'a', labels: { on: 'yes' }, resourceVersion: '1' },
  };
  const after = { ...object('a', { on: 'no' }), metadata: { name: 'a', labels: { on: 'no' }, resourceVersion: '2' } };

  it('turns what a selector sees into its own events', () => {
    const type = (
      previous: KubeObject | undefined,
      now: KubeObject,
      kind: 'ADDED' | 'MODIFIED' | 'DELETED',
    ): string | undefined =>
      eventFor({ type: kind, object: now, resourceVersion: 2, ...(previous ? { previous } : {}) }, selects)?.type;
    assert.equal(type(undefined, before, 'ADDED'), 'ADDED');
    assert.equal(type(undefined, after, 'ADDED'), undefined);
    assert.equal(type(after, before, 'MODIFIED'), 'ADDED');
    assert.equal(type(before, before, 'MODIFIED'), 'MODIFIED');
    assert.equal(type(before, after, 'MODIFIED'), 'DELETED');
    assert.equal(type(after, after, 'MODIFIED'), undefined);
    assert.equal(type(before, before, 'DELETED'), 'DELETED');
    assert.equal(type(after, after, 'DELETED'), undefined);
  });

  it('shows an object that leaves as it was, with the version at which it left', () => {
    const event = eventFor({ type: 'MODIFIED', object: after, previous: before, resourceVersion: 2 }, selects);
    assert.deepEqual(event?.object.metadata.labels, { on: 'yes' });
    assert.equal(event?.object.metadata.resourceVersion, '2');
  });
});

describe('a watch', () => {
  it('holds nothing for a client that does not read, and goes on where it was', async () => {
    const store = new Store(10_000);
    const reader = new Reader(false);
    start(store, reader, { timeoutSeconds: '60' });
    for (let index = 0; index < 5000; index++) store.create('configmaps', object(`a${index}`));
    await turn();
    await turn();
    assert.ok(reader.writableLength < 4096, `${reader.writableLength} bytes wait`);
    reader.read();
    while (reader.events().length < 5000) await turn();
    const seen = reader.events().map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    reader.destroy();
  });

  it('ends for a client that is so slow that its events are gone', async () => {
    const store = new Store(50);
    const reader = new Reader(false);
    const ended = once(reader, 'finish');
    start(store, reader, { timeoutSeconds: '60' });
    for (let index = 0; index < 1000; index++) {
      store.create('configmaps', object(`a${index}`));
      if (index < 20) await turn();
    }
    reader.read();
    await ended;
    assert.ok(reader.events().length > 0);
    assert.ok(reader.events().length < 100);
  });

  it('encodes an event once for all who watch', async () => {
    const store = new Store();
    const readers = [new Reader(true), new Reader(true)];
    for (const reader of readers) start(store, reader, { timeoutSeconds: '60' });
    store.create('configmaps', object('a'));
    while (readers.some(({ chunks }) => chunks.length === 0)) await turn();
    assert.equal(readers[0]?.chunks[0], readers[1]?.chunks[0]);
    for (const reader of readers) reader.destroy();
  });

  it('misses and repeats nothing between the initial state and what follows', async () => {
    const store = new Store();
    store.create('configmaps', object('a'));
    const reader = new Reader(true);
    start(store, reader, {
      timeoutSeconds: '60',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    store.create('configmaps', object('b'));
    while (reader.events().length < 3) await turn();
    assert.deepEqual(
      reader.events().map(({ type, object }) => `${type} ${object.metadata.name}`),
      ['ADDED a', 'BOOKMARK undefined', 'ADDED b'],
    );
    reader.destroy();
  });

  it('tells what happened as late as its server is, in order', async () => {
    const store = new Store();
    const reader = new Reader(true);
    const call = callOf(store, { timeoutSeconds: '60' });
    const encode = eventEncoder({
      resource: configMaps(),
      output: { yaml: false },
      includeObject: '',
      now: new Date(),
    });
    watch({ ...call, parts: { ...call.parts, watchLagMs: 40 } }).run(reader, encode);
    const begin = performance.now();
    store.create('configmaps', object('a'));
    store.create('configmaps', object('b'));
    while (reader.events().length < 2) await turn();
    assert.ok(performance.now() - begin >= 40);
    assert.deepEqual(
      reader.events().map(({ object }) => object.metadata.name),
      ['a', 'b'],
    );
    reader.destroy();
  });
});
