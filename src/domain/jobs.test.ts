import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod } from '../../test/testdata/samples.ts';
import type { JsonObject, SidecarInjectorSpec } from '../api/v1alpha1/types.ts';
import { inject } from './inject.ts';

const owned = (apiVersion: string, kind: string): JsonObject =>
  pod({}, { name: 'p', ownerReferences: [{ apiVersion, kind, name: 'o', uid: 'u' }] });
const job = owned('batch/v1', 'Job');
const { template } = injector().spec;
const setup = { name: 'setup', image: 'i' };

const ROWS: [what: string, pod: JsonObject, spec: Partial<SidecarInjectorSpec>, warns: boolean][] = [
  ['a Job', job, {}, true],
  ['a Job, also with an init container', job, { template: { ...template, initContainers: [setup] } }, true],
  ['a Job that gets an init container alone', job, { template: { initContainers: [setup] } }, false],
  ['a Job with native sidecars', job, { injection: { sidecarMode: 'Native' } }, false],
  ['something else named Job', owned('example.com/v1', 'Job'), {}, false],
  ['another kind of the same group', owned('batch/v1', 'CronJob'), {}, false],
];
for (const [what, subject, spec, warns] of ROWS) {
  test(`${what}: it is ${warns ? '' : 'not '}said that the sidecar keeps it from completing`, () => {
    const said = inject(subject, injector(spec)).notes.some((note) => note.includes('keeps this Job from completing'));
    assert.equal(said, warns);
  });
}
