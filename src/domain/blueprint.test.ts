import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import { blueprintFor, blueprintOf } from './blueprint.ts';

const KEY = 'example.com/image';
const tunable = injector({
  overrides: [{ annotation: KEY, path: '/containers/[name=sidecar-nginx]/image', type: 'string' }],
});

test('what all pods get is worked out once', () => {
  const [plain, native] = [blueprintOf(tunable, false), blueprintOf(tunable, true)];
  assert.notDeepEqual(native.additions, plain.additions);
  assert.equal(blueprintOf(tunable, false), plain);
  assert.equal(blueprintOf(tunable, true), native);
  assert.equal(blueprintFor(pod(), tunable, false).blueprint, plain, 'for a pod without overrides, too');
});

test('a pod that overrides something gets a blueprint of its own, of the same revision', () => {
  const shared = blueprintOf(tunable, false);
  const { blueprint } = blueprintFor(pod({}, { annotations: { [KEY]: 'nginx:2' } }), tunable, false);
  assert.deepEqual(
    [blueprint, shared].map(({ additions }) => additions[0]?.container['image']),
    ['nginx:2', 'nginx:1.29'],
  );
  assert.deepEqual([blueprint.status, blueprint.label], [shared.status, shared.label]);
});

test('ports count where they are open while the app runs', () => {
  const listening = (name: string, containerPort: number) => ({ name, image: 'i', ports: [{ containerPort }] });
  const template = {
    containers: [listening('side', 1)],
    initContainers: [listening('setup', 2), { ...listening('proxy', 3), restartPolicy: 'Always' }],
  };
  for (const native of [false, true]) {
    const { ports, ours } = blueprintOf(injector({ template }), native);
    assert.deepEqual(ports, ['1/TCP', '3/TCP']);
    assert.deepEqual([...ours], ['side', 'setup', 'proxy']);
  }
});
