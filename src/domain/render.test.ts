import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, names } from '../../test/testdata/samples.ts';
import { PROBE_NAMESPACE } from '../api/v1alpha1/names.ts';
import { at, objectsAt } from './json.ts';
import { probePod, trialPod } from './render.ts';

const PODS = { probe: probePod('nginx'), trial: trialPod(injector()) };

for (const [what, pod] of Object.entries(PODS)) {
  test(`the ${what} pod is whole, and asks for no token of a service account`, () => {
    assert.deepEqual([at(pod, ['apiVersion']), at(pod, ['kind'])], ['v1', 'Pod']);
    assert.equal(at(pod, ['metadata', 'namespace']), PROBE_NAMESPACE);
    assert.equal(at(pod, ['spec', 'automountServiceAccountToken']), false);
    for (const container of objectsAt(pod, ['spec', 'containers'])) {
      assert.match(String(at(container, ['image'])), /^\S+:\S+$/);
    }
  });

  test(`the ${what} pod tells by its name what it is, and of which injector`, () => {
    assert.equal(at(pod, ['metadata', 'name']), `${what}-nginx`);
  });

  test(`the ${what} pod has its label alone, so that a webhook is called only for the probe`, () => {
    const labels = Object.entries(at(pod, ['metadata', 'labels']) as object);
    assert.deepEqual(
      labels.filter(([key]) => !key.startsWith('injected.')),
      [[`sidecarinjector.dev/${what}`, 'nginx']],
    );
  });
}

test('only the trial pod has the template in it', () => {
  assert.deepEqual(names(PODS.probe, 'containers'), ['sidecar-injector-probe']);
  assert.deepEqual(names(PODS.trial, 'containers'), ['sidecar-injector-probe', 'sidecar-nginx']);
});
