/** config/ is what the API server takes, strictly, and what production asks for; each component does what it says. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create } from '../../src/kube/verbs.ts';
import type { Pod } from '../../src/kube/objects.ts';
import { stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { injectorNamed } from '../e2e/support/fixture.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { applyAll, deleteAll, resourceFor } from '../e2e/support/objects.ts';
import { until } from '../support/until.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { withComponents } from './support/overlay.ts';
import { identify, kustomize, type Manifest } from './support/render.ts';
import { applyStrictly } from './support/strict.ts';

const COMPONENTS = globSync('config/components/*/', { cwd: REPOSITORY }).map((folder) => path.basename(folder));

interface Container {
  name: string;
  env: { name: string; value?: string }[];
  ports: { name: string; containerPort: number }[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  lifecycle: { preStop: { sleep: { seconds: number } } };
}
interface Deployment extends Manifest {
  spec: {
    replicas?: number;
    strategy: { rollingUpdate: { maxUnavailable: number; maxSurge: number } };
    template: Pod & {
      spec: Record<string, unknown> & { containers: Container[]; terminationGracePeriodSeconds: number };
    };
  };
}

const deploymentOf = (objects: Manifest[]): { deployment: Deployment; container: Container } => {
  const deployment = objects.find(({ kind }) => kind === 'Deployment') as Deployment | undefined;
  const container = deployment?.spec.template.spec.containers[0];
  assert.ok(deployment && container);
  return { deployment, container };
};

describe('config/', { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' }, () => {
  let environment: Environment;
  let objects: Manifest[];
  before(async () => {
    environment = await openEnvironment();
    objects = await kustomize('config/default');
    await applyAll(environment.client, objects);
  });
  after(async () => {
    try {
      await deleteAll(environment.client, objects);
    } finally {
      await environment.close();
      await stopChildren();
    }
  });

  test('every object is taken by the API server, without an unknown field and without a warning', async () => {
    await applyStrictly(environment, objects);
    const names = objects.map(identify);
    assert.equal(new Set(names).size, names.length);
  });

  for (const component of COMPONENTS) {
    test(`the component ${component} is taken, too`, async (t) => {
      const changed = await withComponents(component);
      assert.notDeepEqual(changed, objects, 'it changes something');
      // Pod Security warns by what the namespace is now.
      const namespaces = (all: Manifest[]): Manifest[] => all.filter(({ kind }) => kind === 'Namespace');
      await applyAll(environment.client, namespaces(changed));
      t.after(() => applyAll(environment.client, namespaces(objects)));
      const unknown = await applyStrictly(environment, changed);
      if (unknown.length > 0) t.diagnostic(`not served here: ${unknown.join(', ')}`);
      assert.ok(unknown.every((kind) => kind.endsWith('monitoring.coreos.com/v1')));
    });
  }

  test('the operator runs restricted, on a read-only root, with a token of its own', async () => {
    const { deployment, container } = deploymentOf(objects);
    const { template } = deployment.spec;
    const namespace = objects.find(
      ({ kind, metadata }) => kind === 'Namespace' && metadata.name === OPERATOR_NAMESPACE,
    );
    assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
    // A real API server checks Pod Security here.
    const metadata = { ...template.metadata, name: 'x', namespace: OPERATOR_NAMESPACE };
    const pod: Pod = { ...template, apiVersion: 'v1', kind: 'Pod', metadata };
    const made = await create(environment.client, RESOURCES.pods, pod, { dryRun: true });
    assert.equal(made.spec?.containers?.length, 1);
    const { spec } = template;
    assert.equal(spec['automountServiceAccountToken'], false);
    assert.equal((spec['topologySpreadConstraints'] as unknown[]).length, 2);
    const security = (container as unknown as { securityContext: Record<string, unknown> }).securityContext;
    assert.equal(security['readOnlyRootFilesystem'], true);
    assert.deepEqual(security['capabilities'], { drop: ['ALL'] });
  });

  test('its memory has a limit, most of which is the heap, and its CPU has none', () => {
    const { container } = deploymentOf(objects);
    const { limits, requests } = container.resources;
    assert.deepEqual(Object.keys(limits), ['memory']);
    assert.deepEqual(Object.keys(requests).toSorted(), ['cpu', 'memory']);
    const heap = /--max-old-space-size=(\d+)/.exec(
      container.env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '',
    );
    const limit = /^(\d+)Mi$/.exec(limits['memory'] ?? '');
    assert.equal(Number(heap?.[1]) / Number(limit?.[1]), 0.75);
  });

  test('an update never has fewer replicas than asked for, and whoever goes has the time for it', () => {
    const { deployment, container } = deploymentOf(objects);
    assert.equal(deployment.spec.replicas, 2);
    assert.deepEqual(deployment.spec.strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 });
    const sleeps = container.lifecycle.preStop.sleep.seconds;
    // The operator's own drain may take its time, and as long again for what hangs (DRAIN_TIMEOUT_MS of main.ts).
    assert.ok(sleeps > 0 && deployment.spec.template.spec.terminationGracePeriodSeconds > sleeps + 12 + 15);
  });

  test('admission is on the port that private clusters let through', () => {
    const { container } = deploymentOf(objects);
    assert.equal(container.ports.find(({ name }) => name === 'webhook')?.containerPort, 10_250);
  });

  test('in the network of the node, the ports are those that the operator is told', async () => {
    const { deployment, container } = deploymentOf(await withComponents('host-network'));
    const told = Object.fromEntries(container.env.map(({ name, value }) => [name, Number(value)]));
    assert.deepEqual(
      container.ports.map(({ containerPort }) => containerPort),
      [told['SIDECAR_INJECTOR_WEBHOOK_PORT'], told['SIDECAR_INJECTOR_HEALTH_PORT']],
    );
    assert.deepEqual(deployment.spec.strategy.rollingUpdate, { maxUnavailable: 1, maxSurge: 0 });
  });

  test('one replica has no disruption budget, an autoscaler no fixed number', async () => {
    const single = await withComponents('single-replica');
    assert.equal(deploymentOf(single).deployment.spec.replicas, 1);
    assert.ok(!single.some(({ kind }) => kind === 'PodDisruptionBudget'));
    assert.equal(deploymentOf(await withComponents('hpa')).deployment.spec.replicas, undefined);
  });

  test('the template policy refuses foreign images and privileges, and lets others pass', async (t) => {
    const { client } = environment;
    const policy = (await withComponents('template-policy')).filter(
      (object) => !objects.some((known) => identify(known) === identify(object)),
    );
    assert.equal(policy.length, 2);
    t.after(() => deleteAll(client, policy));
    await applyAll(client, policy);
    const attempt = async (container: object, more: object = {}): Promise<string> => {
      const template = { containers: [{ name: 'side', image: 'registry.k8s.io/pause:3.10', ...container }], ...more };
      const resource = await resourceFor(client, 'sidecarinjector.dev/v1alpha1', 'SidecarInjector');
      return create(client, resource, injectorNamed('tried', { template }), { dryRun: true }).then(
        () => 'allowed',
        (error: unknown) => String(error),
      );
    };
    await until('the policy is in force', async () =>
      /images must begin with one of registry\.k8s\.io\//.test(await attempt({ image: 'evil.example.com/x' })),
    );
    assert.match(await attempt({ securityContext: { privileged: true } }), /privileged/);
    assert.match(await attempt({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }), /no capability/);
    assert.match(await attempt({ ports: [{ containerPort: 1, hostPort: 1 }] }), /hostPort/);
    const root = { volumes: [{ name: 'root', hostPath: { path: '/' } }] };
    assert.match(await attempt({}, root), /hostPath/);
    assert.match(await attempt({}, { initContainers: [{ name: 'i', image: 'evil.example.com/x' }] }), /images must/);
    assert.equal(await attempt({ securityContext: { capabilities: { drop: ['ALL'] } } }), 'allowed');
  });
});
