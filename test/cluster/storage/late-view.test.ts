import assert from 'node:assert/strict';
import { after, beforeEach, mock, test } from 'node:test';
import type { KubeObject } from '../types.ts';
import { LateView } from './late-view.ts';
import { Store } from './store.ts';

const pod = (name: string, spec = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n' },
  spec,
});

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});
after(() => mock.timers.reset());

const names = (view: LateView): string[] => view.list('pods').map(({ metadata }) => metadata.name);

test('what was there before is there at once; changes come late and in order, and nothing overtakes another', () => {
  const store = new Store();
  store.create('pods', pod('a'));
  let lag = 60_000;
  const view = new LateView(store, ['pods'], () => lag);
  const told: string[] = [];
  view.subscribe('pods', ({ type, object }) => told.push(`${type} ${object.metadata.name}`));
  const b = store.create('pods', pod('b'));
  lag = 0;
  store.remove('pods', b);
  assert.deepEqual(names(view), ['a']);
  mock.timers.tick(70_000);
  assert.deepEqual(told, ['ADDED b']);
  assert.deepEqual(names(view), ['a', 'b']);
  mock.timers.tick(70_000);
  assert.deepEqual(told, ['ADDED b', 'DELETED b']);
  assert.deepEqual(names(view), ['a']);
  view.close();
});

test('an object that is not known yet is read from the storage; a changed one is seen as it was', () => {
  const store = new Store();
  const old = store.create('pods', pod('a'));
  const view = new LateView(store, ['pods'], () => 60_000);
  store.create('pods', pod('b'));
  store.update('pods', { ...old, spec: { nodeName: 'x' } }, old);
  assert.ok(view.get('pods', 'n', 'b'));
  assert.equal(view.get('pods', 'n', 'a'), old);
  view.close();
});

test('without a lag, and for kinds that it does not follow, it is the storage', () => {
  const store = new Store();
  const view = new LateView(store, ['pods'], () => 0);
  store.create('pods', pod('a'));
  store.create('secrets', pod('s'));
  assert.deepEqual(names(view), ['a']);
  assert.equal(view.list('secrets').length, 1);
  view.close();
});
