import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { KubeObject } from './objects.ts';
import { Store, keyFor, keyOf } from './store.ts';

const object = (name: string, resourceVersion: string, owner = 'a', namespace = 'ns'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: `uid-${name}`, resourceVersion, labels: { owner } },
});
const owners = { owner: ({ metadata }: KubeObject) => Object.values(metadata.labels ?? {}) };

describe('a key', () => {
  it('tells namespaced from cluster-scoped objects', () => {
    assert.equal(keyFor('a', 'b'), 'b/a');
    assert.equal(keyFor('a'), 'a');
    assert.equal(keyOf(object('p', '1')), 'ns/p');
  });
});

describe('the store', () => {
  it('reports each change once, with what was before', () => {
    const store = new Store<KubeObject>();
    const [one, two] = [object('p', '1'), object('p', '2')];
    assert.deepEqual(store.put(one), { type: 'added', key: 'ns/p', object: one });
    assert.equal(store.put(object('p', '1')), undefined, 'the same version again is no change');
    assert.deepEqual(store.put(two), { type: 'modified', key: 'ns/p', object: two, previous: one });
    assert.deepEqual(store.drop(object('p', '3')), {
      type: 'deleted',
      key: 'ns/p',
      object: object('p', '3'),
      previous: two,
    });
    assert.equal(store.drop(two), undefined);
    assert.equal(store.size, 0);
  });

  it('takes an object of the same name and version but another uid as a change', () => {
    const store = new Store<KubeObject>();
    const reborn = object('p', '1');
    reborn.metadata.uid = 'another';
    store.put(object('p', '1'));
    assert.equal(store.put(reborn)?.type, 'modified');
  });

  it('keeps its indexes true to its content through any changes', () => {
    const name = fc.constantFrom('p', 'q', 'r');
    const owner = fc.constantFrom('a', 'b', '__proto__', 'constructor');
    const change = fc.oneof(
      fc.record({ verb: fc.constant('put' as const), name, owner }),
      fc.record({ verb: fc.constant('drop' as const), name, owner }),
      fc.record({ verb: fc.constant('replace' as const), all: fc.dictionary(name, owner) }),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const store = new Store(owners);
        const model = new Map<string, KubeObject>();
        for (const [step, next] of changes.entries()) {
          if (next.verb === 'replace') {
            const all = Object.entries(next.all).map(([each, of]) => object(each, `${step}`, of));
            const before = [...model.keys()];
            const deleted = store
              .replace(all)
              .filter(({ type }) => type === 'deleted')
              .map(({ key }) => key);
            model.clear();
            for (const each of all) model.set(keyOf(each), each);
            assert.deepEqual(
              deleted.sort(),
              before.filter((key) => !model.has(key)).sort(),
              'unseen deletes are reported',
            );
          } else {
            const each = object(next.name, `${step}`, next.owner);
            if (next.verb === 'put') {
              store.put(each);
              model.delete(keyOf(each));
              model.set(keyOf(each), each);
            } else {
              store.drop(each);
              model.delete(keyOf(each));
            }
          }
          const sorted = (objects: Iterable<KubeObject>): KubeObject[] =>
            [...objects].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
          assert.deepEqual(sorted(store.list()), sorted(model.values()));
          for (const value of ['a', 'b', '__proto__', 'constructor', 'none']) {
            const expected = [...model.values()].filter(({ metadata }) =>
              Object.values(metadata.labels ?? {}).includes(value),
            );
            assert.deepEqual(sorted(store.byIndex('owner', value)), sorted(expected));
          }
        }
      }),
    );
  });

  it('does not know an index that nobody made', () => {
    assert.throws(() => new Store<KubeObject>().byIndex('owner', 'a'), /no index owner/);
  });
});
