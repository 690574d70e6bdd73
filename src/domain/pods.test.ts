import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { decide } from './decide.ts';
import { countPods, viewPod, type PodFacts } from './pods.ts';

const LABEL = 'injected.sidecarinjector.dev/web';
const ANNOTATION = 'inject.sidecarinjector.dev/web';
const labels = { inject: 'yes' };
const injector = (spec: object = {}, selection: object = {}): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'web', uid: 'u' },
  spec: {
    selection: { namespaceSelector: { matchLabels: labels }, policy: 'OptOut', ...selection },
    template: { containers: [{ name: 'side', image: 'i' }] },
    ...spec,
  },
});
const pod = (facts: Partial<PodFacts> = {}): PodFacts => ({
  namespace: 'apps',
  name: 'p',
  uid: '1',
  labels: {},
  annotations: {},
  hostNetwork: false,
  createdAt: 0,
  ...facts,
});

const CASES: [what: string, state: string, facts: Partial<PodFacts>, object?: SidecarInjector, namespace?: object][] = [
  ['without the label', 'Missed', {}],
  ['with the revision in force', 'Current', { labels: { [LABEL]: 'r2' } }],
  ['with another revision', 'Outdated', { labels: { [LABEL]: 'r1' } }],
  ['that refuses', 'NotSelected', { annotations: { [ANNOTATION]: 'no' } }],
  [
    'that refuses, and got it before',
    'NotSelected',
    { annotations: { [ANNOTATION]: 'no' }, labels: { [LABEL]: 'r1' } },
  ],
  ['that does not ask', 'NotSelected', {}, injector({}, { policy: 'OptIn' })],
  ['that asks', 'Missed', { annotations: { [ANNOTATION]: 'true' } }, injector({}, { policy: 'OptIn' })],
  ['in the network of its node', 'NotSelected', { hostNetwork: true }],
  ['there, where that is allowed', 'Missed', { hostNetwork: true }, injector({}, { allowHostNetwork: true })],
  ['that mirrors a static pod', 'NotSelected', { annotations: { 'kubernetes.io/config.mirror': 'x' } }],
  ['in kube-system', 'NotSelected', { namespace: 'kube-system' }],
  ["in the operator's namespace", 'NotSelected', { namespace: 'operator' }],
  ['in a namespace that is not selected', 'NotSelected', {}, injector(), { inject: 'no' }],
  ['that objectSelector leaves out', 'NotSelected', {}, injector({}, { objectSelector: { matchLabels: { a: 'b' } } })],
  ['without the label, with mode Audit', 'WouldHave', {}, injector({ mode: 'Audit' })],
  ['without the label, with mode Paused', 'Missed', {}, injector({ mode: 'Paused' })],
  [
    'that matchConditions may have left out',
    'NotSelected',
    {},
    injector({}, { matchConditions: [{ name: 'a', expression: 'true' }] }),
  ],
  ['with a label of the name of a prototype member', 'Missed', { labels: { constructor: 'x' } }],
];
for (const [what, state, facts, object = injector(), namespace = labels] of CASES) {
  test(`a pod ${what} is ${state}`, () => {
    const context = { excludedNamespaces: ['operator'] };
    assert.equal(
      viewPod(pod(facts), object, { labels: namespace as Record<string, string> }, 'r2', context).state,
      state,
    );
  });
}

test('without a template in force nothing is outdated', () => {
  assert.equal(viewPod(pod({ labels: { [LABEL]: 'r1' } }), injector(), { labels }, undefined, {}).state, 'Current');
});

test('a pod without sidecar is missed exactly when its admission would have injected it', () => {
  const arbitrary = fc.record({
    annotation: fc.constantFrom(undefined, 'true', 'no', 'perhaps'),
    label: fc.constantFrom({}, { team: 'a' }, { team: 'b' }),
    hostNetwork: fc.boolean(),
    namespace: fc.constantFrom('apps', 'kube-system', 'operator', 'sidecar-injector-probe'),
    selected: fc.boolean(),
    policy: fc.constantFrom('OptIn', 'OptOut'),
    objectSelector: fc.constantFrom({}, { matchLabels: { team: 'a' } }),
    allowHostNetwork: fc.boolean(),
  });
  fc.assert(
    fc.property(arbitrary, ({ annotation, label, hostNetwork, namespace, selected, ...selection }) => {
      const object = injector({}, selection);
      const facts = { labels: selected ? labels : {} };
      const context = { excludedNamespaces: ['operator'] };
      const annotations: Record<string, string> = annotation === undefined ? {} : { [ANNOTATION]: annotation };
      const view = viewPod(pod({ labels: label, annotations, hostNetwork, namespace }), object, facts, 'r', context);
      const whole = { metadata: { labels: label, annotations }, spec: { hostNetwork, containers: [{ name: 'app' }] } };
      const kind = { group: '', version: 'v1', kind: 'Pod' };
      const request = { uid: '1', kind, namespace, operation: 'CREATE', object: whole };
      const { reason } = decide(request, object, facts, context);
      assert.equal(view.state === 'Missed', reason === 'injected');
      assert.equal(view.objection?.reason ?? 'injected', reason);
    }),
  );
});

test('the counts add up', () => {
  assert.deepEqual(countPods(['Current', 'Outdated', 'Missed', 'Missed', 'NotSelected', 'WouldHave']), {
    matched: 5,
    injected: 2,
    outdated: 1,
    missed: 2,
  });
});
