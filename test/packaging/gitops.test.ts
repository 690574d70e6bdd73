/** What Argo CD's health check and Flux's kstatus make of every state that the operator reports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { Facts } from '../../src/domain/plan.ts';
import { statusOf, troubledStatus } from '../../src/domain/status.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { configured, done, later, nothing, now } from '../support/injector-facts.ts';
import { kstatusOf, type Kstatus } from './support/kstatus.ts';
import { healthOf } from './support/lua.ts';
import { kustomize } from './support/render.ts';

const script = readFileSync(path.join(REPOSITORY, 'config/gitops/argocd/health.lua'), 'utf8');
const trial = (outcome: 'Rejected' | 'Failed'): Facts => ({
  ...done,
  template: {
    ...done.template,
    wanted: 'r3',
    trial: { revision: 'r3', outcome, message: 'spec.x is bad' },
  } as Facts['template'],
});
const probed = (succeeded: boolean): Facts => ({
  ...done,
  probe: { of: done.probe?.of ?? '', succeeded, message: 'no endpoints', at: now, again: later(60) },
});
const reported = (facts: Facts): SidecarInjector => ({ ...facts.injector, status: statusOf(facts) });
const changed = ({ metadata, ...rest }: SidecarInjector, change: object): SidecarInjector => ({
  ...rest,
  metadata: { ...metadata, ...change },
});
const paused = (facts: Facts): Facts => ({
  ...facts,
  injector: { ...facts.injector, spec: { ...facts.injector.spec, mode: 'Paused' } },
});

type Health = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';

const STATES: Record<string, [SidecarInjector, Health, Kstatus, RegExp]> = {
  'all is well': [reported(done), 'Healthy', 'Current', /get the sidecar/],
  'nothing is there yet': [reported(nothing), 'Progressing', 'InProgress', /no certificate has been issued yet/],
  'the probe is still to come': [reported(configured), 'Progressing', 'InProgress', /no probe pod/],
  'the probe fails': [reported(probed(false)), 'Degraded', 'InProgress', /no endpoints/],
  'the template is refused': [reported(trial('Rejected')), 'Degraded', 'Failed', /spec\.x is bad/],
  'the template cannot be tried': [reported(trial('Failed')), 'Progressing', 'InProgress', /spec\.x is bad/],
  'the operator meets an error': [
    { ...done.injector, status: troubledStatus(done.injector, 'the API server does not answer', now) },
    'Progressing',
    'InProgress',
    /does not answer/,
  ],
  // kstatus knows no word for it; Ready is False on purpose (docs/adr/0004), so Flux waits until it is resumed.
  'it is paused': [reported(paused(done)), 'Suspended', 'InProgress', /Paused/],
  'the last change was not seen yet': [
    changed(reported(done), { generation: 3 }),
    'Progressing',
    'InProgress',
    /last change/,
  ],
  'it is being deleted': [
    changed(reported(done), { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    'Progressing',
    'Terminating',
    /deleted/,
  ],
};

describe('the state of a SidecarInjector', () => {
  for (const [name, [object, health, kstatus, message]] of Object.entries(STATES)) {
    test(`${name}: ${health} for Argo CD, ${kstatus} for kstatus`, () => {
      const found = healthOf(script, object);
      assert.equal(found.status, health, found.message);
      assert.match(found.message, message);
      assert.equal(kstatusOf(object), kstatus);
    });
  }

  test('one without a status is Progressing for Argo CD', () => {
    assert.equal(healthOf(script, done.injector).status, 'Progressing');
  });

  test('a script that fails is told', () => {
    assert.throws(() => healthOf('return obj.a.b.c', done.injector), /attempt to index/);
  });
});

test(
  'the example repository is what kustomize takes, and the health check is under the key that Argo CD reads',
  { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' },
  async () => {
    const injectors = await kustomize('config/gitops/example/injectors/production');
    assert.deepEqual(
      injectors.map(({ kind }) => kind),
      ['SidecarInjector'],
    );
    assert.ok((await kustomize('config/gitops/example/operator')).length > 10);
    const { configMapGenerator } = parse(
      readFileSync(path.join(REPOSITORY, 'config/gitops/argocd/kustomization.yaml'), 'utf8'),
    ) as { configMapGenerator: { files: string[] }[] };
    assert.deepEqual(configMapGenerator[0]?.files, [
      'resource.customizations.health.sidecarinjector.dev_SidecarInjector=health.lua',
    ]);
  },
);
