import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SidecarInjector, SidecarInjectorSpec } from '../../api/v1alpha1/types.ts';
import { at } from '../../domain/json.ts';
import { applyOperations } from '../../domain/apply.ts';
import { admit, type Surroundings } from './admission.ts';

const pod = { metadata: {}, spec: { containers: [{ name: 'app' }] } };
const injector = (name: string, spec: Partial<SidecarInjectorSpec>): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name },
  spec: {
    selection: { namespaceSelector: { matchLabels: { inject: 'yes' } }, policy: 'OptOut' },
    template: { containers: [{ name, image: 'x' }] },
    ...spec,
  },
});
const surroundings = (injectors: SidecarInjector[], labels?: Record<string, string>): Surroundings => ({
  injectors,
  labelsOf: () => labels,
  assumeSelected: false,
  context: {},
});
const selected = { inject: 'yes' };

describe('several injectors', () => {
  const env = (reinvocationPolicy: 'IfNeeded' | 'Never'): SidecarInjector =>
    injector('a-env', { template: { appContainers: { env: [{ name: 'X' }] } }, webhook: { reinvocationPolicy } });
  const containersWithEnv = (first: SidecarInjector): unknown[] => {
    const { operations } = admit(pod, 'shop', surroundings([injector('b', {}), first], selected));
    const containers = at(applyOperations(pod, operations), ['spec', 'containers']) as {
      name: string;
      env?: unknown;
    }[];
    return containers.filter((container) => container.env !== undefined).map(({ name }) => name);
  };

  it('are called in the order of their names, and again when a later one changed the pod', () => {
    assert.deepEqual(containersWithEnv(env('IfNeeded')), ['app', 'b']);
  });

  it('are not called again with reinvocationPolicy Never', () => {
    assert.deepEqual(containersWithEnv(env('Never')), ['app']);
  });

  it('change nothing when one of them rejects the pod', () => {
    const taken = { metadata: {}, spec: { containers: [{ name: 'z', image: 'own' }] } };
    const rejecting = injector('z', { injection: { onConflict: 'Reject' } });
    const { operations, outcomes } = admit(taken, 'shop', surroundings([injector('b', {}), rejecting], selected));
    assert.deepEqual(operations, []);
    assert.deepEqual(
      outcomes.map(({ reason }) => reason),
      ['injected', 'conflict_rejected'],
    );
  });
});

describe('a namespace that is not among the inputs', () => {
  const reasonFor = (
    selector: SidecarInjectorSpec['selection']['namespaceSelector'],
    policy: 'OptIn' | 'OptOut' = 'OptOut',
  ): unknown => {
    const asking = injector('x', { selection: { namespaceSelector: selector, policy } });
    return admit(pod, 'shop', surroundings([asking])).outcomes[0]?.reason;
  };

  it('leaves a pod that would be injected undecided, and no other', () => {
    assert.equal(reasonFor({ matchLabels: selected }), 'namespace_unknown');
    assert.equal(reasonFor({ matchLabels: selected }, 'OptIn'), 'pod_not_asked');
  });

  it('is not missed by selectors that its name decides', () => {
    const name = 'kubernetes.io/metadata.name';
    assert.equal(reasonFor({ matchLabels: { [name]: 'shop' } }), 'injected');
    assert.equal(reasonFor({ matchLabels: { [name]: 'other', ...selected } }), 'namespace_not_selected');
    assert.equal(
      reasonFor({ matchExpressions: [{ key: name, operator: 'NotIn', values: ['shop'] }] }),
      'namespace_not_selected',
    );
    assert.equal(reasonFor({ matchLabels: { [name]: 'shop', ...selected } }), 'namespace_unknown');
  });
});
