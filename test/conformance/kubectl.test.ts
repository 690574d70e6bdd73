/**
 * Real kubectl binaries as clients of the cluster of KUBECONFIG or, without one, of the in-memory cluster. Nothing here
 * needs a node, so no pod need ever run.
 */

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { until } from '../support/until.ts';
import { configMap, deployment, service, widget, widgetDefinition } from './kubectl/objects.ts';
import { openSession, type Session } from './kubectl/session.ts';
import { loadScenarios } from './replay/scenario.ts';

interface Read {
  metadata: {
    uid: string;
    generation: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: object[];
  };
  data: Record<string, string>;
}

const signingRequest = (name: string): object => {
  const [scenario] = loadScenarios(path.join(import.meta.dirname, 'transcripts')).filter(
    (candidate) => candidate.name === 'certificates-custom-signer',
  );
  const spec = { request: scenario?.vars?.['csr'], signerName: 'example.com/kubectl', usages: ['server auth'] };
  return { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec };
};

describe('kubectl', { concurrency: 2, skip: !kubectlRunsHere && 'kubectl comes for linux on x64' }, () => {
  let environment: Environment;
  before(async () => {
    environment = await openEnvironment();
  });
  after(async () => environment?.close());

  for (const minor of [30, 35]) {
    describe(`1.${minor}`, () => {
      let session: Session;
      let group: string;
      before(async () => {
        session = await openSession(environment, minor);
        group = `${session.name}.example.com`;
      });
      after(async () => {
        await session?.kubectl('delete', 'crd', `widgets.${group}`, '--ignore-not-found', '--wait=false');
        await session?.kubectl('delete', 'namespace', session.name, '--wait=false');
      });

      test('apply on the client creates, leaves alone, changes, and removes what is no longer in the file', async () => {
        const objects = [configMap('a', { x: '1', y: '1' }), deployment('web', 'example.com/web:1'), service('web')];
        const file = session.file(...objects);
        assert.equal(
          await session.ok('apply', '-f', file),
          'configmap/a created\ndeployment.apps/web created\nservice/web created\n',
        );
        assert.equal(
          await session.ok('apply', '-f', file),
          'configmap/a unchanged\ndeployment.apps/web unchanged\nservice/web unchanged\n',
        );
        const changed = session.file(configMap('a', { x: '2' }), deployment('web', 'example.com/web:2'));
        assert.equal(
          await session.ok('apply', '-f', changed),
          'configmap/a configured\ndeployment.apps/web configured\n',
        );
        assert.deepEqual((await session.read<Read>('configmap/a')).data, { x: '2' });
        const image = '-o=jsonpath={.spec.template.spec.containers[*].image}';
        assert.equal(await session.ok('get', 'deployment/web', image), 'example.com/web:2');
        assert.match(await session.ok('apply', 'view-last-applied', 'configmap/a'), /x: "2"/);
      });

      test('apply on the server keeps the fields of others and tells conflicts', async () => {
        const apply = (manager: string, data: Record<string, string>, ...flags: string[]): string[] => {
          const file = session.file(configMap('shared', data));
          return ['apply', '--server-side', `--field-manager=${manager}`, '-f', file, ...flags];
        };
        assert.equal(await session.ok(...apply('one', { x: '1', y: '1' })), 'configmap/shared serverside-applied\n');
        await session.ok(...apply('two', { z: '1' }));
        assert.match(await session.refused(...apply('two', { x: '2', z: '1' })), /conflict with "one": \.data\.x/);
        await session.ok(...apply('two', { x: '2', z: '1' }, '--force-conflicts'));
        await session.ok(...apply('one', {}));
        assert.deepEqual((await session.read<Read>('configmap/shared')).data, { x: '2', z: '1' });
        const managed = await session.ok('get', 'configmap/shared', '-o', 'yaml', '--show-managed-fields');
        assert.match(managed, /manager: two\n +operation: Apply/);
      });

      test('diff shows what an apply would change, and dry runs change nothing', async () => {
        const file = session.file(configMap('plan', { colour: 'red' }));
        const dry = await session.ok('apply', '--dry-run=server', '-o', 'json', '-f', file);
        assert.match((JSON.parse(dry) as Read).metadata.uid, /^[0-9a-f-]{36}$/);
        await session.refused('get', 'configmap/plan');
        await session.ok('apply', '-f', file);
        assert.equal(await session.ok('diff', '-f', file), '');
        const changed = session.file(configMap('plan', { colour: 'blue' }));
        const { code, stdout } = await session.kubectl('diff', '-f', changed);
        assert.equal(code, 1);
        assert.match(stdout, /^- +colour: red\n\+ +colour: blue$/m);
        const server = await session.kubectl('diff', '--server-side', '--force-conflicts', '-f', changed);
        assert.match(server.stdout, /^\+ +colour: blue$/m);
        await session.ok('delete', 'configmap/plan', '--dry-run=server');
        assert.deepEqual((await session.read<Read>('configmap/plan')).data, { colour: 'red' });
      });

      test('a custom resource is defined, explained, applied, judged, shown and found by its short name', async () => {
        await session.ok('apply', '--server-side', '-f', session.file(widgetDefinition(group)));
        await session.ok('wait', `crd/widgets.${group}`, '--for=condition=Established', '--timeout=20s');
        await until('the widgets are served', async () => session.ok('get', `widgets.${group}`));
        const file = session.file(widget(group, 'small', { size: 3 }));
        assert.equal(await session.ok('apply', '-f', file), `widget.${group}/small created\n`);
        assert.equal(await session.ok('apply', '-f', file), `widget.${group}/small unchanged\n`);
        await session.ok('apply', '--server-side', '--force-conflicts', '-f', file);
        const table = await session.ok('get', `wdg.${group}`);
        assert.match(table, /^NAME +SIZE\nsmall +3\n$/);
        assert.match(await session.ok('get', `wdg.${group}`, '-o', 'wide'), /^NAME +SIZE +COLOUR\nsmall +3 +grey\n$/);
        assert.match(await session.ok('describe', `widget.${group}`, 'small'), /^ {2}Colour: +grey$/m);
        const bad = session.file(widget(group, 'big', { size: 100 }));
        assert.match(await session.refused('apply', '-f', bad), /a big widget must be red/);
        const typo = session.file(widget(group, 'typo', { size: 1, color: 'red' }));
        assert.match(await session.refused('apply', '-f', typo), /unknown field "(spec\.)?color"/);
        await session.ok(
          'patch',
          `widget.${group}/small`,
          '--subresource=status',
          '--type=merge',
          '-p={"status":{"ready":true}}',
        );
        await session.ok('wait', `widget.${group}/small`, '--for=jsonpath={.status.ready}=true', '--timeout=10s');
        const explained = await until('the schema is published', async () =>
          session.ok('explain', 'widgets.spec', `--api-version=${group}/v1`),
        );
        assert.match(explained, /size\s+<integer> -required-\n +Its size in metres\./);
      });

      test('explain knows built-in types', async () => {
        const containers = await session.ok('explain', 'pod.spec.containers');
        assert.match(containers, /^KIND: +Pod\nVERSION: +v1$/m);
        assert.match(containers, /^ +imagePullPolicy\s+<string>$/m);
        const webhooks = await session.ok('explain', 'mutatingwebhookconfigurations.webhooks.clientConfig');
        assert.match(webhooks, /^GROUP: +admissionregistration\.k8s\.io$/m);
        assert.match(webhooks, /^ +caBundle\s+<string>$/m);
        assert.match(await session.ok('explain', 'deployment', '--recursive'), /^ +containerPort\s+<integer>/m);
      });

      test('get prints tables, wide and full objects, and reads lists in pages', async () => {
        const labels = (round: number): object => ({ labels: { list: 'yes', round: String(round) } });
        const names = [3, 1, 2].map((round) => configMap(`list-${round}`, {}, labels(round)));
        await session.ok('apply', '-f', session.file(...names));
        const selector = ['configmaps', '-l', 'list=yes'];
        assert.equal(
          await session.ok('get', ...selector, '-o', 'name', '--chunk-size=1'),
          'configmap/list-1\nconfigmap/list-2\nconfigmap/list-3\n',
        );
        assert.match(
          await session.ok('get', ...selector, '-L', 'round'),
          /^NAME +DATA +AGE +ROUND\nlist-1 +0 +\w+ +1\n/,
        );
        assert.match(
          await session.ok(
            'get',
            ...selector,
            '--sort-by={.metadata.labels.round}',
            '--field-selector=metadata.name!=list-1',
          ),
          /^NAME +DATA +AGE\nlist-2 .*\nlist-3 .*\n$/,
        );
        assert.match(await session.ok('get', 'configmap/list-1', '-o', 'yaml'), /^kind: ConfigMap$/m);
        await session.ok('run', 'lonely', '--image=example.com/app:1', '--restart=Never');
        assert.match(
          await session.ok('get', 'pod', 'lonely', '-o', 'wide'),
          /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nlonely +\d\/1 /,
        );
        assert.match(await session.ok('get', 'all'), /^pod\/lonely /m);
        assert.match(await session.refused('get', 'configmap', 'none'), /configmaps "none" not found/);
        assert.match(await session.refused('get', 'nothings'), /doesn't have a resource type "nothings"/);
      });

      test('get --watch prints changes as they come', async () => {
        await session.ok('create', 'configmap', 'seen');
        const argv = ['get', 'configmap', 'seen', '-L', 'round', '--watch', '--output-watch-events'];
        const watch = { runs: true };
        const watched = session.kubectl(...argv, '--request-timeout=3s').finally(() => (watch.runs = false));
        for (let round = 1; watch.runs; round++)
          await session.ok('label', 'configmap/seen', `round=${round}`, '--overwrite');
        const lines = (await watched).stdout.split('\n');
        assert.match(lines[0] ?? '', /^EVENT +NAME +DATA +AGE +ROUND$/);
        assert.match(lines[1] ?? '', /^ADDED +seen +0 /);
        const rounds = lines.slice(2, -1).map((line) => /^MODIFIED +seen +0 +\w+ +(\d+)$/.exec(line)?.[1]);
        assert.ok(rounds.length >= 2, lines.join('\n'));
        assert.deepEqual(
          rounds.map(Number),
          rounds.map((_, index) => Number(rounds[0]) + index),
        );
      });

      test('describe prints built-in objects', async () => {
        await session.ok('create', 'deployment', 'described', '--image=example.com/app:1', '--replicas=0');
        await session.ok('create', 'secret', 'generic', 'described', '--from-literal=password=hidden');
        assert.match(await session.ok('describe', 'deployment', 'described'), /^Selector: +app=described$/m);
        const secret = await session.ok('describe', 'secret', 'described');
        assert.match(secret, /^password: +6 bytes$/m);
        assert.match(await session.ok('describe', 'namespace', session.name), /^Status: +Active$/m);
      });

      test('label, annotate and the three kinds of patch', async () => {
        await session.ok('create', 'deployment', 'marked', '--image=example.com/app:1', '--replicas=0');
        await session.ok('label', 'deployment/marked', 'team=web', 'tier=front');
        assert.match(await session.refused('label', 'deployment/marked', 'team=db'), /already has a value/);
        await session.ok('label', 'deployment/marked', 'team=db', 'tier-', '--overwrite');
        await session.ok('annotate', 'deployment/marked', 'example.com/note=hello');
        const { metadata } = await session.read<Read>('deployment/marked');
        assert.deepEqual(metadata.labels, { app: 'marked', team: 'db' });
        assert.equal(metadata.annotations?.['example.com/note'], 'hello');

        const patch = async (type: string, body: object): Promise<string> =>
          session.ok('patch', 'deployment/marked', `--type=${type}`, '-p', JSON.stringify(body));
        const containers = { containers: [{ name: 'side', image: 'example.com/side:1' }] };
        await patch('strategic', { spec: { template: { spec: containers } } });
        await patch('merge', { spec: { template: { metadata: { annotations: { patched: 'yes' } } } } });
        const image = '/spec/template/spec/containers/1/image';
        await patch('json', [{ op: 'replace', path: image, value: 'example.com/app:2' }]);
        const wanted = '{.spec.template.metadata.annotations.patched} {.spec.template.spec.containers[*].image}';
        const got = await session.ok('get', 'deployment/marked', `-o=jsonpath=${wanted}`);
        assert.equal(got, 'yes example.com/side:1 example.com/app:2');
        assert.match(await patch('merge', { metadata: { labels: { team: 'db' } } }), /patched \(no change\)/);
        const bad = '[{"op":"test","path":"/kind","value":"Pod"}]';
        await session.refused('patch', 'deployment/marked', '--type=json', '-p', bad);
      });

      test('wait ends on conditions, on values, on deletion, and at its limit', async () => {
        await session.ok('create', 'configmap', 'awaited');
        const deleted = session.ok('wait', 'configmap/awaited', '--for=delete', '--timeout=20s');
        await session.ok('wait', 'configmap/awaited', '--for=jsonpath={.metadata.name}=awaited', '--timeout=20s');
        await session.ok('delete', 'configmap/awaited');
        await deleted;
        await session.ok('wait', `namespace/${session.name}`, '--for=jsonpath={.status.phase}=Active', '--timeout=20s');
        const never = session.refused('wait', `namespace/${session.name}`, '--for=condition=Never', '--timeout=1s');
        assert.match(await never, /timed out waiting for the condition/);
      });

      test('certificate approve and deny', async () => {
        const [good, bad] = [`${session.name}-good`, `${session.name}-bad`];
        await session.ok('create', '-f', session.file(signingRequest(good), signingRequest(bad)));
        assert.match(await session.ok('get', 'csr', good), /example\.com\/kubectl .* Pending\n$/);
        await session.ok('certificate', 'approve', good);
        await session.ok('certificate', 'deny', bad);
        assert.match(await session.ok('get', 'csr', good), / Approved\n$/);
        assert.match(await session.ok('get', 'csr', bad), / Denied\n$/);
        await session.ok('wait', `csr/${good}`, '--for=condition=Approved', '--timeout=10s');
        assert.match(await session.ok('describe', 'csr', good), /^Status: +Approved$/m);
        assert.match(await session.refused('certificate', 'deny', good), /is already Approved/);
        await session.ok('delete', 'csr', good, bad);
      });

      test('a token lets its service account do what its role allows', async () => {
        await session.ok('create', 'serviceaccount', 'robot');
        await session.ok('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps');
        const subject = `--serviceaccount=${session.name}:robot`;
        await session.ok('create', 'rolebinding', 'reader', '--role=reader', subject);
        const token = (await session.ok('create', 'token', 'robot', '--duration=15m')).trim();
        assert.match(token, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
        const user = `system:serviceaccount:${session.name}:robot`;
        const robot = await session.withToken(token);
        assert.match(await robot.ok('auth', 'whoami'), new RegExp(`^Username +${user}$`, 'm'));
        await robot.ok('get', 'configmaps');
        assert.match(
          await robot.refused('get', 'secrets'),
          new RegExp(
            `User "${user}" cannot list resource "secrets" in API group "" in the namespace "${session.name}"`,
          ),
        );
        assert.match(await robot.ok('auth', 'can-i', '--list'), /^configmaps +\[\] +\[\] +\[get list\]$/m);
        const as = `--as=${user}`;
        assert.equal(await session.ok('auth', 'can-i', 'list', 'configmaps', as), 'yes\n');
        assert.equal((await session.kubectl('auth', 'can-i', 'delete', 'configmaps', as)).stdout, 'no\n');
        assert.equal(await session.ok('auth', 'can-i', '*', '*'), 'yes\n');
      });

      for (const cascade of ['background', 'foreground', 'orphan']) {
        test(`delete --cascade=${cascade}`, async () => {
          const [owner, dependent] = [`owner-${cascade}`, `dependent-${cascade}`];
          await session.ok('create', 'configmap', owner);
          const { uid } = (await session.read<Read>(`configmap/${owner}`)).metadata;
          const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid, blockOwnerDeletion: true };
          const finalizers = cascade === 'foreground' ? ['example.com/hold'] : [];
          const metadata = { ownerReferences: [reference], finalizers };
          await session.ok('create', '-f', session.file(configMap(dependent, {}, metadata)));
          const deleted = session.ok('delete', 'configmap', owner, `--cascade=${cascade}`);
          if (cascade === 'foreground') {
            await until('the dependent is being deleted', async () => {
              const { metadata } = await session.read<{ metadata: { deletionTimestamp?: string } }>(
                `configmap/${dependent}`,
              );
              return metadata.deletionTimestamp !== undefined;
            });
            await session.ok('get', 'configmap', owner);
            await session.ok(
              'patch',
              `configmap/${dependent}`,
              '--type=merge',
              '-p',
              '{"metadata":{"finalizers":null}}',
            );
          }
          assert.equal(
            await deleted,
            `configmap "${owner}" deleted${minor < 33 ? '' : ` from ${session.name} namespace`}\n`,
          );
          await session.gone(`configmap/${owner}`);
          if (cascade === 'orphan') {
            const left = await session.read<Read>(`configmap/${dependent}`);
            assert.equal(left.metadata.ownerReferences, undefined);
          } else {
            await session.gone(`configmap/${dependent}`);
          }
        });
      }

      test('api-resources, api-versions and version', async () => {
        const resources = await session.ok('api-resources', '--api-group=apps');
        assert.match(resources, /^deployments +deploy +apps\/v1 +true +Deployment$/m);
        const wide = await session.ok('api-resources', '-o', 'wide', '--namespaced=false');
        assert.match(wide, /^nodes +no +v1 +false +Node +\[?create/m);
        assert.match(await session.ok('api-versions'), /^certificates\.k8s\.io\/v1$/m);
        const version = JSON.parse(await session.ok('version', '-o', 'json')) as { serverVersion: { major: string } };
        assert.equal(version.serverVersion.major, '1');
        assert.equal(await session.ok('get', '--raw', '/readyz'), 'ok');
      });
    });
  }
});
