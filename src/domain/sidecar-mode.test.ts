import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, names, pod } from '../../test/testdata/samples.ts';
import type { SidecarInjector, Template } from '../api/v1alpha1/types.ts';
import { inject, type ClusterFacts } from './inject.ts';

const templated = (template: Template, injection: SidecarInjector['spec']['injection'] = {}): SidecarInjector =>
  injector({ template, injection });
const sidecar = { name: 'sidecar', image: 's:1' };

test('with Auto a pod gets what the nodes run, and plain sidecars where nobody knows', () => {
  const by = templated({ containers: [sidecar] }, { sidecarMode: 'Auto' });
  const listOf = (facts: ClusterFacts, theirs = pod()): string[] =>
    ['containers', 'initContainers'].filter((list) => names(inject(theirs, by, facts).pod, list).includes('sidecar'));
  assert.deepEqual(listOf({}), ['containers']);
  assert.deepEqual(listOf({ nativeSidecars: false }), ['containers']);
  assert.deepEqual(listOf({ nativeSidecars: true }), ['initContainers']);
});

test('with Auto only our own sidecar, as such, keeps a pod from what the nodes run now', () => {
  const template = { containers: [sidecar], initContainers: [{ name: 'init', image: 'i' }] };
  const by = templated(template, { sidecarMode: 'Auto' });
  const plain = inject(pod(), by).pod;
  const native = inject(pod(), by, { nativeSidecars: true }).pod;
  assert.deepEqual(inject(plain, by, { nativeSidecars: true }).operations, []);
  assert.deepEqual(inject(native, by, { nativeSidecars: false }).operations, []);

  const init = pod({ initContainers: [{ name: 'init', image: 'i' }] });
  assert.deepEqual(names(inject(init, by, { nativeSidecars: true }).pod, 'containers'), ['app']);

  // An init container that ends is no sidecar, whatever its name; not even Replace turns one into the other.
  const theirs = pod({ initContainers: [sidecar] });
  for (const onConflict of ['Skip', 'Replace'] as const) {
    assert.deepEqual(
      inject(theirs, templated(template, { sidecarMode: 'Auto', onConflict }), {
        nativeSidecars: false,
      }).conflicts.map(({ text }) => text),
      ['the name sidecar is taken by another container'],
    );
  }
});

test('with Auto what is missing of several sidecars comes as those that are there', () => {
  const by = templated({ containers: [sidecar, { name: 'other', image: 'o' }] }, { sidecarMode: 'Auto' });
  const { pod: result, conflicts } = inject(pod({ containers: [{ name: 'app', image: 'a' }, sidecar] }), by, {
    nativeSidecars: true,
  });
  assert.deepEqual(conflicts, []);
  assert.deepEqual(new Set(names(result, 'containers')), new Set(['app', 'other', 'sidecar']));
});
