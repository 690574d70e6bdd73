/** A sync loop finds nothing to do: applied again and again, no field of a manifest changes, and no field of bookkeeping. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RESOURCES } from '../../src/kube/resources.ts';
import { get, list } from '../../src/kube/verbs.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { applyReady, condition, deleteInjector, injectorNamed, useOperator } from '../e2e/support/fixture.ts';
import { kubectlOf, kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { loadManifests, REPOSITORY } from '../e2e/support/manifests.ts';
import { deleteAll, resourceFor } from '../e2e/support/objects.ts';
import { until } from '../support/until.ts';

const fixture = useOperator();
const SAMPLE = `${REPOSITORY}/config/samples/nginx.yaml`;
const INSTALLED = ['config/namespaces', 'crds', 'config/rbac', 'config/probe'];
const TIMES = 3;

const stored = async (objects: KubeObject[]): Promise<(KubeObject | undefined)[]> => {
  const found: (KubeObject | undefined)[] = [];
  for (const { apiVersion, kind, metadata } of objects) {
    const resource = await resourceFor(fixture.client, apiVersion, kind);
    found.push(await get(fixture.client, resource, { name: metadata.name ?? '', namespace: metadata.namespace }));
  }
  return found;
};

/** What the operator made of the injectors, which is in nobody's repository. */
const made = async (): Promise<KubeObject[]> => {
  const labelSelector = 'app.kubernetes.io/managed-by=sidecar-injector';
  const kinds = [RESOURCES.mutatingWebhookConfigurations, RESOURCES.services, RESOURCES.secrets];
  const lists = await Promise.all(kinds.map((resource) => list(fixture.client, resource, { labelSelector })));
  return lists.flatMap(({ items }) => items);
};

describe('a sync loop', { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' }, () => {
  const kubectl = async (...argv: string[]): Promise<string> => {
    const { kubeconfig, directory } = fixture.environment;
    const { code, stdout, stderr } = await kubectlOf(35, kubeconfig, directory)(...argv);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };

  for (const [how, flags] of [
    ['client-side', []],
    ['server-side, as Flux and Argo CD', ['--server-side', '--field-manager=gitops']],
  ] as const) {
    test(`of injectors, ${how}, changes nothing`, async () => {
      await kubectl('apply', ...flags, '-f', SAMPLE);
      await condition(fixture.client, 'nginx', 'Ready', 'True');
      const manifests = loadManifests('config/samples/nginx.yaml');
      // The last write of the first reconcile, such as the count of its pods, may still be on its way.
      let before = await stored(manifests);
      await until(
        'the operator has said all that it has to say',
        async () => {
          const [last, now] = [before, await stored(manifests)];
          before = now;
          return JSON.stringify(last) === JSON.stringify(now);
        },
        { everyMs: 1500 },
      );
      const ownBefore = await made();
      for (let time = 0; time < TIMES; time++) await kubectl('apply', ...flags, '-f', SAMPLE);
      assert.deepEqual(await stored(manifests), before);
      assert.deepEqual(await made(), ownBefore);
      await kubectl('diff', ...flags, '-f', SAMPLE);
      await deleteInjector(fixture.client, 'nginx');
      await deleteAll(fixture.client, manifests);
    });
  }

  test('of the installation, server-side, changes nothing, however long the operator has run', async () => {
    await applyReady(fixture.client, injectorNamed('runs'));
    const manifests = INSTALLED.flatMap(loadManifests);
    const folders = INSTALLED.flatMap((folder) => ['-k', `${REPOSITORY}/${folder}`]);
    const apply = async (): Promise<void> => {
      for (let at = 0; at < folders.length; at += 2) {
        await kubectl('apply', '--server-side', '--field-manager=kubectl', ...folders.slice(at, at + 2));
      }
    };
    await apply();
    const before = await stored(manifests);
    for (let time = 0; time < TIMES; time++) await apply();
    assert.deepEqual(await stored(manifests), before);
  });
});
