import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import type { AppContainers, JsonObject, Template } from '../api/v1alpha1/types.ts';
import { blueprintOf } from './blueprint.ts';
import { conflictsOf } from './conflicts.ts';

const side = { name: 'side', image: 's:1' };
const volume = { name: 'v', emptyDir: {} };
const mount = { name: 'v', mountPath: '/v' };
const listening = { ...side, ports: [{ containerPort: 80 }] };
const equipping = (appContainers: AppContainers): Template => ({ containers: [side], appContainers });
const app = (fields: JsonObject): JsonObject => ({ containers: [{ name: 'other' }, { name: 'app', ...fields }] });

const ROWS: [what: string, template: Template, spec: JsonObject, conflicts: unknown[]][] = [
  [
    'another container of the name can be replaced',
    { containers: [side] },
    { containers: [{ name: 'app' }, { name: 'side', image: 'theirs' }] },
    [{ kind: 'name', replacement: { path: ['spec', 'containers', 1], value: side } }],
  ],
  [
    'an init container of the name cannot make way for a container, not even one that is alike',
    { containers: [side] },
    { initContainers: [side] },
    [{ kind: 'name' }],
  ],
  [
    'an ephemeral container of the name cannot',
    { containers: [side] },
    { ephemeralContainers: [side] },
    [{ kind: 'name' }],
  ],
  ['the very container is none', { containers: [side] }, { containers: [{ name: 'app' }, side] }, []],
  [
    'another volume of the name can be replaced',
    { containers: [side], volumes: [volume] },
    { volumes: [{ name: 'w' }, { name: 'v', configMap: { name: 'c' } }] },
    [{ kind: 'name', replacement: { path: ['spec', 'volumes', 1], value: volume } }],
  ],
  ['the very volume is none', { containers: [side], volumes: [volume] }, { volumes: [volume] }, []],
  [
    'a listener on the port cannot be replaced',
    { containers: [listening] },
    app({ ports: [{ containerPort: 80 }] }),
    [{ kind: 'port' }],
  ],
  ['a listener on another port is none', { containers: [listening] }, app({ ports: [{ containerPort: 81 }] }), []],
  [
    'another mount at the path can be replaced',
    equipping({ volumeMounts: [mount] }),
    app({
      volumeMounts: [
        { name: 'w', mountPath: '/w' },
        { name: 'w', mountPath: '/v' },
      ],
    }),
    [{ kind: 'mountPath', replacement: { path: ['spec', 'containers', 1, 'volumeMounts', 1], value: mount } }],
  ],
  ['the very mount is none', equipping({ volumeMounts: [mount] }), app({ volumeMounts: [mount] }), []],
  [
    'a device at the path of a mount cannot be replaced',
    equipping({ volumeMounts: [mount] }),
    app({ volumeDevices: [{ name: 'd', devicePath: '/v' }] }),
    [{ kind: 'mountPath' }],
  ],
  [
    'a device at another path is none',
    equipping({ volumeMounts: [mount] }),
    app({ volumeDevices: [{ name: 'd', devicePath: '/d' }] }),
    [],
  ],
  [
    'another value of a variable can be replaced',
    equipping({ env: [{ name: 'A', value: 'ours' }] }),
    app({
      env: [
        { name: 'B', value: '1' },
        { name: 'A', value: 'theirs' },
      ],
    }),
    [{ kind: 'env', replacement: { path: ['spec', 'containers', 1, 'env', 1], value: { name: 'A', value: 'ours' } } }],
  ],
];
for (const [what, template, spec, conflicts] of ROWS) {
  test(`conflicts: ${what}`, () => {
    const found = conflictsOf(pod(spec), blueprintOf(injector({ template }), false));
    assert.deepEqual(
      found.map(({ text: _text, ...conflict }) => conflict),
      conflicts,
    );
  });
}
