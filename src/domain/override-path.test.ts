import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { fieldKindOf, OVERRIDABLE, placeOf } from './override-path.ts';

const KINDS: [path: string, kind: string][] = [
  ['/containers/[name=a]/image', 'image'],
  ['/initContainers/[name=a.b-c_d]/image', 'image'],
  ['/containers/[name=a]/imagePullPolicy', 'pullPolicy'],
  ['/containers/[name=a]/args/999', 'text'],
  ['/initContainers/[name=a]/env/[name=B]/value', 'text'],
  ['/appContainers/env/[name=B]/value', 'text'],
  ['/containers/[name=a]/resources/requests/ephemeral-storage', 'quantity'],
  ['/containers/[name=a]/startupProbe/failureThreshold', 'integer'],
  ['/volumes/[name=v]/emptyDir/sizeLimit', 'quantity'],
  ['/metadata/labels/a.b~1c', 'label'],
  ['/metadata/annotations/a.b~1c', 'text'],
];
for (const [path, kind] of KINDS) {
  test(`a pod may be given a say in ${path}: ${kind}`, () => assert.equal(fieldKindOf(path), kind));
}

test('the example of each kind of field is a path of that kind', () => {
  for (const { kind, example } of OVERRIDABLE) assert.equal(fieldKindOf(example), kind, example);
});

const TEMPLATE: JsonObject = {
  metadata: { labels: {}, annotations: {} },
  containers: [{ name: 'first' }, { name: 'a', args: ['x'], readinessProbe: {} }],
  volumes: [
    { name: 'v', emptyDir: {} },
    { name: 'conf', configMap: {} },
  ],
};
const A = '/containers/[name=a]';
const PLACES: [path: string, place: (string | number)[] | undefined][] = [
  [`${A}/image`, ['containers', 1, 'image']],
  [`${A}/args/0`, ['containers', 1, 'args', 0]],
  [`${A}/args/1`, undefined],
  ['/containers/[name=first]/args/0', undefined],
  [`${A}/resources/limits/cpu`, ['containers', 1, 'resources', 'limits', 'cpu']],
  [`${A}/readinessProbe/periodSeconds`, ['containers', 1, 'readinessProbe', 'periodSeconds']],
  [`${A}/livenessProbe/periodSeconds`, undefined],
  ['/containers/[name=other]/image', undefined],
  ['/initContainers/[name=a]/image', undefined],
  ['/volumes/[name=v]/emptyDir/sizeLimit', ['volumes', 0, 'emptyDir', 'sizeLimit']],
  ['/volumes/[name=conf]/emptyDir/sizeLimit', undefined],
  ['/metadata/labels/a~1b~0c~01', ['metadata', 'labels', 'a/b~c~1']],
  ['/metadata/annotations/x[name=a]', ['metadata', 'annotations', 'x[name=a]']],
  ['/metadata/annotations/[name=a]x', ['metadata', 'annotations', '[name=a]x']],
];
for (const [path, place] of PLACES) {
  test(`${path} ${place === undefined ? 'is not in the template' : `is at ${place.join(' ')}`}`, () => {
    assert.deepEqual(
      placeOf(TEMPLATE, { annotation: 'k', path, type: 'string' }),
      place === undefined ? undefined : { path: place },
    );
  });
}

test('metadata is made where it is missing, whatever the name of the label', () => {
  for (const key of ['myProbe', 'args', 'env', 'emptyDir']) {
    const path = `/metadata/labels/${key}`;
    assert.deepEqual(placeOf({}, { annotation: 'k', path, type: 'string' }), { path: ['metadata', 'labels', key] });
  }
});

test('a variable is added to a container without any', () => {
  const path = `${A}/env/[name=LEVEL]/value`;
  const place = placeOf(TEMPLATE, { annotation: 'k', path, type: 'string' });
  assert.deepEqual(place?.path, ['containers', 1, 'env']);
  assert.deepEqual(place?.append?.('debug'), { name: 'LEVEL', value: 'debug' });
});
