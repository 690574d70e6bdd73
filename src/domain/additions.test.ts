import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import type { Container, SidecarInjectorSpec } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';

const app = pod({ containers: [{ name: 'app', image: 'app:1', ports: [{ containerPort: 8080 }] }] });
const sidecar: Container = { name: 'side', image: 'i', ports: [{ containerPort: 8080 }] };

const ROWS: [what: string, spec: Partial<SidecarInjectorSpec>, clashes: boolean][] = [
  ['a sidecar', { template: { containers: [sidecar] } }, true],
  ['a sidecar made native', { template: { containers: [sidecar] }, injection: { sidecarMode: 'Native' } }, true],
  ['a native sidecar', { template: { initContainers: [{ ...sidecar, restartPolicy: 'Always' }] } }, true],
  ['an init container, which has ended by then,', { template: { initContainers: [sidecar] } }, false],
];
for (const [what, spec, clashes] of ROWS) {
  test(`${what} ${clashes ? 'may not' : 'may'} listen on a port of the app`, () => {
    const { conflicts } = inject(app, injector(spec));
    assert.deepEqual(
      conflicts.map(({ kind }) => kind),
      clashes ? ['port'] : [],
    );
  });
}
