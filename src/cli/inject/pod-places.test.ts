import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { customPlaces, objectsOf, parsePodPath, podPlacesOf } from './pod-places.ts';

describe('podPlacesOf', () => {
  const template = { spec: { containers: [] } };

  it('goes by group and kind, whatever the version', () => {
    const none = customPlaces([]);
    assert.deepEqual(podPlacesOf({ apiVersion: 'apps/v1beta2', kind: 'Deployment', spec: { template } }, none), [
      ['spec', 'template'],
    ]);
    assert.deepEqual(podPlacesOf({ apiVersion: 'v1', kind: 'Deployment', spec: { template } }, none), []);
    assert.deepEqual(podPlacesOf({ apiVersion: 'apps/v1', kind: 'Deployment', spec: {} }, none), []);
    assert.deepEqual(podPlacesOf({ apiVersion: 'v1', kind: 'constructor' }, none), []);
  });

  it('follows custom paths through lists and maps, to objects only', () => {
    const places = customPlaces(['Thing=.a.*.pod', 'Thing=list[*]', 'Thing=list.0', 'Thing=nowhere.pod']);
    const thing = { kind: 'Thing', a: { x: { pod: template }, y: { pod: 1 } }, list: [template, 'text'] };
    assert.deepEqual(podPlacesOf(thing, places), [
      ['a', 'x', 'pod'],
      ['list', 0],
      ['list', 0],
    ]);
  });
});

describe('parsePodPath', () => {
  it('takes kinds and dotted paths only', () => {
    assert.deepEqual(parsePodPath('Rollout=spec.template'), { kind: 'Rollout', path: ['spec', 'template'] });
    for (const text of ['Rollout', '=spec', 'Rollout=', 'Rollout=a..b', 'A b=c', 'argoproj.io/Rollout=x']) {
      assert.equal(parsePodPath(text), undefined, text);
    }
  });
});

describe('objectsOf', () => {
  it('opens lists in lists, and gives items of typed lists their kind', () => {
    const deep = { kind: 'List', items: [{ apiVersion: 'v1', kind: 'PodList', items: [{ spec: {} }, 1] }] };
    assert.deepEqual(objectsOf(deep), [
      { path: ['items', 0, 'items', 0], object: { apiVersion: 'v1', kind: 'Pod', spec: {} } },
    ]);
    for (const value of [undefined, null, 'text', []]) assert.deepEqual(objectsOf(value), []);
  });
});
