import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { deleteAll } from './support/objects.ts';
import { useOperator } from './support/fixture.ts';
import { kubectlOf, kubectlRunsHere, type Kubectl, type KubectlResult } from './support/kubectl.ts';
import { loadManifests, REPOSITORY } from './support/manifests.ts';
import { until } from '../support/until.ts';

const fixture = useOperator();
const SAMPLES = `${REPOSITORY}/config/samples/nginx.yaml`;

const succeeds = async (run: Promise<KubectlResult>): Promise<string> => {
  const { code, stdout, stderr } = await run;
  assert.equal(code, 0, stderr || stdout);
  return stdout;
};

for (const minor of [30, 35]) {
  describe(
    `kubectl 1.${minor}`,
    { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' },
    () => {
      let kubectl: Kubectl;
      before(() => {
        kubectl = kubectlOf(minor, fixture.environment.kubeconfig, fixture.environment.directory);
      });

      test('apply, wait, get and describe an injector', async () => {
        const applied = await succeeds(kubectl('apply', '-f', SAMPLES));
        assert.match(applied, /sidecarinjector\.sidecarinjector\.dev\/nginx created/);
        await succeeds(kubectl('wait', 'sci/nginx', '--for=condition=Ready', '--timeout=20s'));
        const table = await succeeds(kubectl('get', 'sci'));
        assert.match(
          table,
          /^NAME +READY +SIGNER +EXPIRES +INJECTED +OUTDATED +AGE\nnginx +True +sidecarinjector\.dev/,
        );
        const described = await succeeds(kubectl('describe', 'sci', 'nginx'));
        assert.match(described, /^Name: +nginx$/m);
        assert.match(described, /Type: +InjectionVerified/);
        assert.match(await succeeds(kubectl('get', 'sci', 'nginx', '-o', 'yaml')), /^kind: SidecarInjector$/m);
      });

      test('apply again, client-side and server-side, changes nothing', async () => {
        const generation = (): Promise<string> =>
          succeeds(kubectl('get', 'sci', 'nginx', '-o', 'jsonpath={.metadata.generation}'));
        const before = await generation();
        await succeeds(kubectl('apply', '-f', SAMPLES));
        assert.equal(await generation(), before);
        await succeeds(kubectl('apply', '--server-side', '--force-conflicts', '-f', SAMPLES));
        assert.equal(await generation(), before);
      });

      test('explain knows the fields of a container', async () => {
        const text = await succeeds(kubectl('explain', 'sidecarinjector.spec.template.containers'));
        assert.match(text, /FIELDS?:/);
        assert.match(text, /imagePullPolicy\s*<string>/);
      });

      test('label, annotate and patch', async () => {
        await succeeds(kubectl('label', 'sci', 'nginx', 'team=web'));
        await succeeds(kubectl('annotate', 'sci', 'nginx', 'example.com/note=hello'));
        await succeeds(kubectl('patch', 'sci', 'nginx', '--type=merge', '-p', '{"spec":{"mode":"Paused"}}'));
        const object = JSON.parse(await succeeds(kubectl('get', 'sci', 'nginx', '-o', 'json'))) as {
          metadata: { labels: object; annotations: object };
          spec: { mode: string };
        };
        assert.deepEqual(object.metadata.labels, { team: 'web' });
        assert.equal(object.spec.mode, 'Paused');
        assert.equal((await kubectl('patch', 'sci', 'nginx', '--type=merge', '-p', '{"spec":{"mode":"No"}}')).code, 1);
      });

      test('a pod is created, injected, shown and deleted', async () => {
        await succeeds(kubectl('patch', 'sci', 'nginx', '--type=merge', '-p', '{"spec":{"mode":"Enforce"}}'));
        await succeeds(kubectl('wait', 'sci/nginx', '--for=condition=Ready', '--timeout=20s'));
        const annotation = '--annotations=sidecar-injector-webhook.nginx.sidecar/need_inject=true';
        await succeeds(kubectl('run', 'shown', '-n', 'nginx-injection', '--image=alpine', annotation));
        const names = '-o=jsonpath={.spec.containers[*].name}';
        const containers = await succeeds(kubectl('get', 'pod', 'shown', '-n', 'nginx-injection', names));
        assert.equal(containers.split(' ').length, 2);
        if (fixture.environment.inMemory) {
          await succeeds(
            kubectl('wait', 'pod/shown', '-n', 'nginx-injection', '--for=condition=Ready', '--timeout=20s'),
          );
          assert.match(await succeeds(kubectl('get', 'pods', '-n', 'nginx-injection', '-o', 'wide')), /shown +2\/2/);
        }
        await succeeds(kubectl('delete', 'pod', 'shown', '-n', 'nginx-injection', '--grace-period=0', '--force'));
      });

      test('auth can-i answers for the operator', async () => {
        const as = '--as=system:serviceaccount:sidecar-injector-system:sidecar-injector';
        const can = async (...question: string[]): Promise<string> =>
          (await kubectl('auth', 'can-i', ...question, as)).stdout.trim();
        assert.equal(await can('create', 'pods', '-n', 'sidecar-injector-probe'), 'yes');
        assert.equal(await can('create', 'pods', '-n', 'default'), 'no');
        assert.equal(await can('get', 'secrets', '-n', 'default'), 'no');
      });

      test('delete removes the injector and what it owned', async () => {
        await succeeds(kubectl('delete', 'sci', 'nginx'));
        const owned = 'services,secrets,csr,mutatingwebhookconfigurations';
        await until('nothing is left', async () => {
          const left = await kubectl('get', owned, '-A', '-l', 'sidecarinjector.dev/injector=nginx', '-o', 'name');
          return left.code === 0 && left.stdout === '';
        });
        await deleteAll(fixture.client, loadManifests('config/samples/nginx.yaml'));
      });
    },
  );
}
