import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { StatusError } from '../status.ts';
import type { KubeObject, WatchEvent } from '../types.ts';
import { copy } from './json.ts';
import { Store } from './store.ts';

const object = (name: string, value = '', namespace = 'n'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
});

const refused = (reason: string) => (error: unknown) => error instanceof StatusError && error.status.reason === reason;
const names = (objects: KubeObject[]): string[] =>
  objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);

describe('Store', () => {
  it('counts one revision over all keys, and gives it to the object', () => {
    const store = new Store();
    const first = store.create('configmaps', object('a'));
    const second = store.create('secrets', object('a'));
    assert.equal(Number(second.metadata.resourceVersion), Number(first.metadata.resourceVersion) + 1);
    assert.equal(store.revision, Number(second.metadata.resourceVersion));
  });

  it('lists in the order of the keys, and only the namespace that was asked for', () => {
    const store = new Store();
    for (const [namespace, name] of [
      ['b', 'x'],
      ['a-b', 'y'],
      ['a', 'z'],
      ['a', 'c'],
    ])
      store.create('configmaps', object(name ?? '', '', namespace));
    assert.deepEqual(names(store.list('configmaps')), ['a-b/y', 'a/c', 'a/z', 'b/x']);
    assert.deepEqual(names(store.list('configmaps', 'a')), ['a/c', 'a/z']);
  });

  it('hands out objects that nobody can change', () => {
    const store = new Store();
    const stored = store.create('configmaps', object('a', '1'));
    assert.throws(() => Object.assign(stored['data'] as object, { value: '2' }), TypeError);
  });

  it('refuses an update of an older state', () => {
    const store = new Store();
    const old = store.create('configmaps', object('a', '1'));
    store.update('configmaps', { ...copy(old), data: { value: '2' } }, old);
    assert.throws(() => store.update('configmaps', { ...copy(old), data: { value: '3' } }, old), refused('Conflict'));
    assert.throws(() => store.remove('configmaps', old), refused('Conflict'));
  });

  it('writes nothing and tells nobody when nothing changed', () => {
    const store = new Store();
    const old = store.create('configmaps', object('a', '1'));
    const events: WatchEvent[] = [];
    store.subscribe('configmaps', (event) => events.push(event));
    assert.equal(store.update('configmaps', copy(old), old), old);
    assert.deepEqual(events, []);
  });

  it('shows every past state that it still has, whatever was written since', () => {
    const action = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('n', 'm'), fc.nat(9), fc.boolean());
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const store = new Store();
        const states = new Map<number, { all: KubeObject[]; one: KubeObject[] }>();
        const remember = (): unknown =>
          states.set(store.revision, { all: store.list('configmaps'), one: store.list('configmaps', 'n') });
        remember();
        for (const [name, namespace, value, remove] of actions) {
          const old = store.get('configmaps', namespace, name);
          if (!old) store.create('configmaps', object(name, String(value), namespace));
          else if (remove) store.remove('configmaps', old);
          else store.update('configmaps', object(name, String(value), namespace), old);
          remember();
        }
        for (const [revision, { all, one }] of states) {
          assert.deepEqual(store.listAt('configmaps', revision), all);
          assert.deepEqual(store.listAt('configmaps', revision, 'n'), one);
        }
      }),
    );
  });

  it('says that a state is gone when its events are', () => {
    const store = new Store(2);
    const first = store.create('configmaps', object('a', '0'));
    let last = first;
    for (let value = 1; value <= 6; value++) last = store.update('configmaps', object('a', String(value)), last);
    assert.throws(() => store.listAt('configmaps', Number(first.metadata.resourceVersion)), refused('Expired'));
    const before = store.revision;
    store.compact();
    store.update('configmaps', object('a', 'new'), last);
    assert.deepEqual(store.listAt('configmaps', before), [last]);
    assert.throws(() => store.listAt('secrets', before - 1), refused('Expired'));
  });
});
