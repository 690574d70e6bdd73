/** What is installed can be taken away again: the cluster is then as it was before. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { condition, deleteInjector, injectorNamed, injectorStatus } from '../e2e/support/fixture.ts';
import { kubectlOf, kubectlRunsHere, type Kubectl } from '../e2e/support/kubectl.ts';
import { layerBinary, runBinary } from '../e2e/support/layer.ts';
import { loadManifests } from '../e2e/support/manifests.ts';
import { applyAll } from '../e2e/support/objects.ts';
import { startOperator } from '../e2e/support/operator.ts';
import { until } from '../support/until.ts';
import { listingOf } from './support/listing.ts';
import { helmOf } from './support/render.ts';

const SAID = {
  type: 'Ready',
  status: 'True',
  reason: 'Ready',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

describe('a cluster', { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' }, () => {
  let environment: Environment;
  let kubectl: Kubectl;
  before(async () => {
    environment = await openEnvironment();
    kubectl = kubectlOf(35, environment.kubeconfig, environment.directory);
  });
  after(async () => {
    await stopChildren();
    await environment.close();
  });

  const succeeds = async (run: ReturnType<Kubectl>): Promise<string> => {
    const { code, stdout, stderr } = await run;
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const isAgain = async (before: string[]): Promise<void> => {
    await until('the cluster is as it was', async () => {
      assert.deepEqual(await listingOf(environment.client), before);
      return true;
    });
  };

  test('is the same before make deploy and after make undeploy', async () => {
    const { client, kubeconfig, directory } = environment;
    const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: directory };
    const make = (target: string): ReturnType<Kubectl> =>
      runBinary('make', [target, `KUBECTL=${layerBinary(35, 'kubectl/kubectl')}`], env);

    const before = await listingOf(client);
    await succeeds(make('deploy'));
    const operator = await startOperator(environment);
    const samples = loadManifests('config/samples/nginx.yaml');
    await applyAll(client, samples);
    await condition(client, 'nginx', 'Ready', 'True');
    const between = await listingOf(client);
    assert.ok(between.length > before.length + 15);

    await succeeds(make('undeploy'));
    await operator.stop('SIGKILL');
    await succeeds(kubectl('delete', 'namespace', 'nginx-injection'));
    await isAgain(before);
    await succeeds(make('undeploy'));
  });

  test('is the same after helm uninstall but for the definition, which is kept, taken over again, and upgraded', async () => {
    const { client, kubeconfig, directory } = environment;
    const helm = helmOf(35, { ...process.env, KUBECONFIG: kubeconfig, HOME: directory });
    const DEFINITION = 'sidecarinjectors.sidecarinjector.dev';
    const before = await listingOf(client);
    await succeeds(kubectl('create', 'namespace', 'injectors'));
    const release = ['x', 'config/helm', '--namespace', 'injectors'];
    await succeeds(helm('install', ...release));

    // As if an older chart had installed it.
    const columns = '[{"op":"remove","path":"/spec/versions/0/additionalPrinterColumns"}]';
    await succeeds(kubectl('patch', 'crd', DEFINITION, '--type=json', '-p', columns));
    const names = '-o=jsonpath={.spec.versions[0].additionalPrinterColumns[*].name}';
    assert.equal(await succeeds(kubectl('get', 'crd', DEFINITION, names)), '');
    await applyAll(client, [injectorNamed('kept')]);
    const said = { observedGeneration: 1, conditions: [SAID] };
    const status = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status: said })];
    await succeeds(kubectl('patch', 'sidecarinjector', 'kept', ...status));
    const kept = await injectorStatus(client, 'kept');
    assert.partialDeepStrictEqual(kept.status, said);
    await succeeds(helm('upgrade', ...release, '--set', 'replicas=3', '--force-conflicts'));
    assert.match(await succeeds(kubectl('get', 'crd', DEFINITION, names)), /Ready/i);
    assert.deepEqual(await injectorStatus(client, 'kept'), kept, 'the objects are as they were');
    await deleteInjector(client, 'kept');

    // Its namespaces are still going when Helm alone is done with them.
    const uninstall = ['uninstall', 'x', '--namespace', 'injectors', '--wait'];
    await succeeds(helm(...uninstall));
    assert.match(await succeeds(kubectl('get', 'crd', DEFINITION, '-o', 'name')), /customresourcedefinition/);
    await succeeds(helm('install', ...release, '--set', 'crds.keep=false'));
    await succeeds(helm(...uninstall));
    await succeeds(kubectl('delete', 'namespace', 'injectors'));
    await isAgain(before);
  });
});
