import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, names, pod, requestFor } from '../../test/testdata/samples.ts';
import { mutate } from '../admission/mutate.ts';
import { inject } from './inject.ts';
import { runNativeSidecars } from './kubelets.ts';

test('native sidecars need 1.29 on every node', () => {
  for (const versions of [['v1.29.0'], ['v1.36.2', 'v1.29.15-gke.1000'], ['1.30.0+k3s1'], ['v2.0.0'], ['v10.0.0']]) {
    assert.ok(runNativeSidecars(versions), versions.join());
  }
  for (const versions of [
    [],
    ['v1.28.9'],
    ['v1.36.0', 'v1.28.15-eks-1'],
    ['v1.9.0'],
    [''],
    ['<unknown>'],
    ['mine-v1.36.0'],
    ['v0.99.0'],
  ]) {
    assert.ok(!runNativeSidecars(versions), versions.join());
  }
});

const auto = injector({ injection: { sidecarMode: 'Auto' } });
const list = (nativeSidecars: boolean | undefined): unknown[] => {
  const { pod: result } = inject(pod(), auto, nativeSidecars === undefined ? {} : { nativeSidecars });
  return [names(result, 'containers'), names(result, 'initContainers')];
};

test('Auto is native where the nodes can, and plain where they cannot or nobody knows', () => {
  assert.deepEqual(list(true), [['app'], ['sidecar-nginx']]);
  assert.deepEqual(list(false), [['app', 'sidecar-nginx'], []]);
  assert.deepEqual(list(undefined), [['app', 'sidecar-nginx'], []]);
});

test('with Auto a pod that has the sidecar keeps it as it is, whatever the nodes have become', () => {
  for (const first of [true, false]) {
    const once = inject(pod(), auto, { nativeSidecars: first }).pod;
    for (const later of [{ nativeSidecars: !first }, {}]) {
      const again = inject(once, auto, later);
      assert.deepEqual([again.operations, again.conflicts], [[], []]);
    }
  }
});

test('the webhook goes by the same facts, and what it answers is proved by them', () => {
  for (const nativeSidecars of [true, false]) {
    const { answer } = mutate(requestFor(pod()), auto, { nativeSidecars });
    const where = nativeSidecars ? '/spec/initContainers/-' : '/spec/containers/-';
    assert.ok(answer.operations.some(({ path }) => path === where));
  }
});

test('a Job on a cluster with old nodes is warned about', () => {
  const job = pod({}, { labels: { 'job-name': 'j' } });
  assert.match(inject(job, auto, {}).notes.join(), /set sidecarMode to Native/);
  assert.deepEqual(inject(job, auto, { nativeSidecars: true }).notes, []);
});
