/** The chart makes the same objects as kustomize, object by object, with Helm 3 and with Helm 4. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseCommand, type Config } from '../../src/config.ts';
import { at } from '../../src/domain/json.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { withComponents } from './support/overlay.ts';
import { helmOf, identify, kustomize, parseManifests, type Manifest } from './support/render.ts';

const NAMESPACE = 'sidecar-injector-system';
const CHART = 'config/helm';
const KEEP = 'helm.sh/resource-policy';

/** Components of kustomize and the values that stand for them. */
const COMPONENTS: Record<string, string[]> = {
  'kubelet-serving': ['kubeletServing.enabled=true'],
  rollout: ['rollout.enabled=true'],
  monitoring: ['monitoring.enabled=true'],
  'template-policy': ['templatePolicy.enabled=true'],
  'host-network': ['hostNetwork.enabled=true'],
  'single-replica': ['replicas=1'],
  hpa: ['autoscaling.enabled=true'],
};

for (const [version, minor] of [
  ['3', 30],
  ['4', 35],
] as const) {
  describe(`helm ${version}`, { skip: !kubectlRunsHere && 'the npm packages carry helm for linux on x64' }, () => {
    const helm = helmOf(minor);
    const template = (values: string[] = [], namespace = NAMESPACE): ReturnType<typeof helm> =>
      helm('template', 'x', CHART, '--namespace', namespace, ...values.flatMap((value) => ['--set', value]));

    const render = async (values: string[] = [], namespace = NAMESPACE): Promise<Manifest[]> => {
      const { code, stdout, stderr } = await template(values, namespace);
      assert.equal(code, 0, stderr);
      return parseManifests(stdout);
    };

    /** Without what only one of the two can have: the namespace that Helm installs into, its test, the mark that keeps the CRD. */
    const comparable = (objects: Manifest[]): Map<string, Manifest> =>
      new Map(
        objects
          .filter((object) => identify(object) !== `Namespace ${NAMESPACE}`)
          .filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined)
          .map((object) => {
            const copy = structuredClone(object);
            const { annotations } = copy.metadata;
            if (annotations !== undefined) {
              delete annotations[KEEP];
              if (Object.keys(annotations).length === 0) delete copy.metadata.annotations;
            }
            return [identify(copy), copy] as const;
          })
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
    const assertSame = (chart: Manifest[], kustomized: Manifest[]): void => {
      const [ours, theirs] = [comparable(chart), comparable(kustomized)];
      assert.deepEqual([...ours.keys()], [...theirs.keys()]);
      for (const [name, object] of ours) assert.deepEqual(object, theirs.get(name), name);
    };

    test('the chart is config/default', async () => {
      const chart = await render();
      assertSame(chart, await kustomize('config/default'));
      const names = chart.map(identify);
      assert.equal(new Set(names).size, names.length);
    });

    test('another namespace is another namespace everywhere', async () => {
      const all = Object.values(COMPONENTS).flat();
      const { code, stdout, stderr } = await template(all, 'elsewhere');
      assert.equal(code, 0, stderr);
      assert.ok(!stdout.includes(NAMESPACE));
      const account = parseManifests(stdout).find(({ kind }) => kind === 'ServiceAccount');
      assert.equal(account?.metadata.namespace, 'elsewhere');
    });

    // What follows has been tried with one version; the other reads the same templates.
    if (minor === 30) return;

    for (const [component, values] of Object.entries(COMPONENTS)) {
      test(`${values.join()} is the component ${component}`, async () => {
        assertSame(await render(values), await withComponents(component));
      });
    }

    test('the CustomResourceDefinition outlives the release, unless it is told not to, or belongs to somebody else', async () => {
      const definition = async (...values: string[]): Promise<Manifest | undefined> =>
        (await render(values)).find(({ kind }) => kind === 'CustomResourceDefinition');
      assert.equal((await definition())?.metadata.annotations?.[KEEP], 'keep');
      assert.equal((await definition('crds.keep=false'))?.metadata.annotations?.[KEEP], undefined);
      assert.equal(await definition('crds.install=false'), undefined);
    });

    test('the image may be pinned by its digest', async () => {
      const digest = `sha256:${'a'.repeat(64)}`;
      const { stdout } = await template([`image.digest=${digest}`]);
      assert.ok(stdout.includes(`image: ghcr.io/sidecar-injector/sidecar-injector@${digest}`));
    });

    test('a certificate of clients can be asked for, by a ConfigMap with their authority', async () => {
      const objects = await render([
        'clientAuthority.configMap=apiserver-ca',
        'clientAuthority.names={a,b.example.com}',
      ]);
      const deployment = objects.find(({ kind }) => kind === 'Deployment');
      const pod = at(deployment, ['spec', 'template', 'spec']);
      const env = at(pod, ['containers', 0, 'env']) as { name: string; value: string }[];
      const { config } = parseCommand([], Object.fromEntries(env.map(({ name, value }) => [name, value])), {
        tty: false,
      }) as {
        config: Config;
      };
      assert.deepEqual([config.clientCaFile, config.clientNames], ['/etc/client-ca/ca.crt', ['a', 'b.example.com']]);
      const mounts = at(pod, ['containers', 0, 'volumeMounts']) as { name: string; mountPath: string }[];
      const { name } = mounts.find(({ mountPath }) => mountPath === path.dirname(config.clientCaFile ?? '')) ?? {};
      const volumes = at(pod, ['volumes']) as { name: string; configMap?: object }[];
      const configMap = { name: 'apiserver-ca', items: [{ key: 'ca.crt', path: 'ca.crt' }] };
      assert.deepEqual(volumes.find((volume) => volume.name === name)?.configMap, configMap);
    });

    test('prefixes of the template policy are a value', async () => {
      const objects = await render(['templatePolicy.enabled=true', 'templatePolicy.imagePrefixes={a.example.com/,b/}']);
      assert.ok(JSON.stringify(objects).includes(`['a.example.com/', 'b/']`));
    });

    for (const wrong of [
      'replica=3',
      'clientAuthority.names={a b}',
      'replicas=0',
      'image.digset=sha256:1',
      'image.digest=latest',
      'crds.instal=false',
      'monitoring.enabled=perhaps',
      'resources.limit.cpu=1',
      'templatePolicy.imagePrefixes={}',
      'logLevel=verbose',
    ]) {
      test(`${wrong} is refused`, async () => {
        const { code, stderr } = await template([wrong]);
        assert.notEqual(code, 0);
        assert.match(stderr, /values don't meet the specifications of the schema/);
      });
    }

    test('helm lint finds nothing', async () => {
      const { code, stdout } = await helm('lint', '--strict', CHART);
      assert.equal(code, 0, stdout);
    });
  });
}
