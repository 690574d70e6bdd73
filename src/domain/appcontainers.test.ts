import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import type { AppContainers, JsonObject } from '../api/v1alpha1/types.ts';
import { isSameVariable, mountAt, variableAt } from './appcontainers.ts';
import { inject } from './inject.ts';
import { at } from './json.ts';

const [env, envFrom] = [[{ name: 'A', value: '1' }], [{ configMapRef: { name: 'shared' } }]];
const volumeMounts = [{ name: 'v', mountPath: '/v' }];
/** The container as it is after the injection of nothing but this. */
const equipped = (container: JsonObject, appContainers: AppContainers): unknown =>
  at(inject(pod({ containers: [container] }), injector({ template: { appContainers } })).pod, [
    'spec',
    'containers',
    0,
  ]);

test('an app container gets what there is of environment and mounts, in any combination', () => {
  for (const given of [
    {},
    { env },
    { envFrom },
    { volumeMounts },
    { env, envFrom },
    { env, volumeMounts },
    { envFrom, volumeMounts },
    { env, envFrom, volumeMounts },
  ]) {
    assert.deepEqual(equipped({ name: 'app' }, given), { name: 'app', ...given });
  }
});

test('it gets nothing twice, and keeps what it has', () => {
  const other = { secretRef: { name: 'other' } };
  const app = { name: 'app', env, envFrom: [other, ...envFrom], volumeMounts };
  assert.deepEqual(equipped(app, { env, envFrom, volumeMounts }), app);
  assert.deepEqual(equipped({ name: 'app', envFrom: [other] }, { envFrom }), {
    name: 'app',
    envFrom: [other, ...envFrom],
  });
});

test('a container without a name is left as it is', () => {
  for (const nameless of [{ image: 'i' }, { name: null }]) assert.deepEqual(equipped(nameless, { env }), nameless);
});

test('a mount path is taken by the same path, whatever slashes end it', () => {
  const rows: [mounted: string[], path: string, index: number][] = [
    [['/a'], '/b', -1],
    [['/c', '/a'], '/a', 1],
    [['/a/'], '/a', 0],
    [['/a'], '/a//', 0],
    [['/ab'], '/a/b', -1],
    [['/a/b'], '/ab', -1],
    [['/'], '/a', -1],
    [['/a/', '/a'], '/a', 1],
    [[], '/a', -1],
  ];
  for (const [mounted, mountPath, index] of rows) {
    const container = { volumeMounts: mounted.map((each) => ({ name: 'v', mountPath: each })) };
    assert.equal(mountAt(container, { name: 'v', mountPath }), index, `${mounted.join()} ${mountPath}`);
  }
});

test('of a variable that is set twice the last one counts', () => {
  const container = { env: ['A', 'B', 'A', 'C'].map((name) => ({ name })) };
  assert.equal(variableAt(container, { name: 'A' }), 2);
  assert.equal(variableAt(container, { name: 'D' }), -1);
});

test('a variable is the same by its value or by its source, and no value is an empty one', () => {
  const [none, empty, one, two] = [{ name: 'A' }, ...['', '1', '2'].map((value) => ({ name: 'A', value }))];
  const sourced = { name: 'A', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } };
  const wanted = { name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } };
  for (const [actual, ours, same] of [
    [one, one, true],
    [two, one, false],
    [one, none, false],
    [one, empty, false],
    [none, one, false],
    [none, none, true],
    [none, empty, true],
    [empty, none, true],
    [sourced, wanted, true],
    [none, wanted, false],
    [one, wanted, false],
  ] as const) {
    assert.equal(isSameVariable(actual, ours as typeof wanted), same, JSON.stringify([actual, ours]));
  }
});
