import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Condition, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { writeReport } from '../../domain/replica.ts';
import type { Lease } from '../../kube/objects.ts';
import { liveReports, summaryOf } from './model.ts';

const injector = (conditions: Partial<Condition>[] = [], generation = 1): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', generation },
  spec: { selection: { namespaceSelector: {} }, template: {} },
  status: {
    conditions: conditions.map((condition) => ({
      type: 'Ready',
      status: 'True',
      reason: 'R',
      message: 'm',
      lastTransitionTime: '',
      observedGeneration: 1,
      ...condition,
    })),
  },
});
const problems = (...given: Parameters<typeof injector>): string[] =>
  summaryOf(injector(...given), []).problems.map(({ type }) => type);

describe('the problems of an injector', () => {
  it('are what is not True, the summary left out where a part says more', () => {
    assert.deepEqual(problems([{}, { type: 'Accepted' }]), []);
    assert.deepEqual(
      problems([
        { status: 'False' },
        { type: 'InjectionVerified', status: 'Unknown' },
        { type: 'CertificateReady', status: 'False' },
        { type: 'Reconciling' },
      ]),
      ['CertificateReady', 'InjectionVerified'],
    );
    assert.deepEqual(problems([{}, { type: 'Reconciling', reason: 'RetryingAfterError' }]), ['Reconciling']);
  });

  it('are also an operator that has said nothing, of the object or of its last change', () => {
    assert.deepEqual(summaryOf(injector(), []).problems[0]?.reason, 'NoStatus');
    assert.equal(summaryOf(injector(), []).ready, 'Unknown');
    assert.deepEqual(summaryOf(injector([{}], 2), []).problems[0]?.reason, 'NotObserved');
  });
});

describe('the replicas', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const lease = (replica: string, secondsAgo: number, served?: string): Lease => {
    const said = { secret: 's', seq: 1, served: served ?? '', trusts: '', refusals: 2 };
    const injectors = served === undefined ? {} : { nginx: said };
    const report = writeReport({ replica, host: 'h', port: 1, injectors });
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: replica, annotations: { 'sidecarinjector.dev/report': report } },
      spec: { renewTime: new Date(now.getTime() - secondsAgo * 1000).toISOString() },
    };
  };

  it('count while they live, and serve what they say', () => {
    const reports = liveReports(
      [lease('a', 5, 'leaf'), lease('b', 5, ''), lease('c', 5), lease('d', 600, 'leaf')],
      now,
    );
    assert.deepEqual(summaryOf(injector(), reports).replicas, [
      { name: 'a', serves: true, refusals: 2 },
      { name: 'b', serves: false, refusals: 2 },
      { name: 'c', serves: false, refusals: 0 },
    ]);
    assert.equal(summaryOf(injector(), undefined).replicas, undefined);
  });
});

it('the phase of a rollover is read from the condition that tells of it', () => {
  const message = 'signed by x, valid until y; another authority comes in, Settling: waits';
  assert.equal(summaryOf(injector([{ type: 'CertificateReady', message }]), []).rollover, 'Settling');
  assert.equal(summaryOf(injector([{ type: 'CertificateReady' }]), []).rollover, 'Stable');
});
