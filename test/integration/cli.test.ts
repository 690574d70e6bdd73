/** Rendering a manifest and applying it gives the pod that the webhook makes; a bad injector is refused by both. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { cli } from '../support/cli.ts';
import { PATHS, World, type Json } from './operator-world.ts';

let world: World;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

const selection = { namespaceSelector: { matchLabels: { inject: 'yes' } } };
const manifest = (name: string, spec: object): Json => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name },
  spec: { selection: { ...selection, policy: 'OptOut' }, template: { containers: [{ name, image: 'x' }] }, ...spec },
});
const text = (...objects: unknown[]): string =>
  objects.map((object) => stringify(object, { version: '1.1' })).join('---\n');

describe('inject', () => {
  const injectors = [
    // The first to be called: it must hear again of the containers that the others add.
    manifest('a-env', { template: { appContainers: { env: [{ name: 'PROXY', value: 'x' }] } } }),
    manifest('b-native', {
      template: { containers: [{ name: 'native', image: 'n' }], volumes: [{ name: 'data', emptyDir: {} }] },
      injection: { sidecarMode: 'Native' },
    }),
    manifest('c-plain', {
      selection,
      template: {
        metadata: { labels: { added: 'yes' } },
        containers: [{ name: 'plain', image: 'p', ports: [{ containerPort: 8080 }] }],
        imagePullSecrets: [{ name: 'registry' }],
      },
    }),
  ];
  const wants = { 'inject.sidecarinjector.dev/c-plain': 'true' };
  const PODS: Record<string, { annotations?: object; spec?: object }> = {
    bare: {},
    'that asks for all': { annotations: wants },
    'that refuses one': { annotations: { ...wants, 'inject.sidecarinjector.dev/a-env': 'no' } },
    'with a conflict': {
      annotations: wants,
      spec: { containers: [{ name: 'app', image: 'a', ports: [{ containerPort: 8080 }] }] },
    },
    'with items of its own': {
      annotations: wants,
      spec: {
        initContainers: [{ name: 'own', image: 'i' }],
        containers: [
          { name: 'app', image: 'a', env: [{ name: 'PROXY', value: 'mine' }] },
          { name: 'app2', image: 'a' },
        ],
        volumes: [{ name: 'own', emptyDir: {} }],
        imagePullSecrets: [{ name: 'own' }],
      },
    },
    'of the host': { annotations: wants, spec: { hostNetwork: true } },
  };

  before(async () => {
    await world.startOperator();
    await world.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plain' } });
    for (const injector of injectors) await world.apply(injector);
    for (const { metadata } of injectors) await world.ready(metadata.name);
  });

  /** What the API server makes of the pod in a namespace. */
  const admitted = async (pod: Json, namespace: string): Promise<unknown> => {
    const created = await world.call('POST', `${PATHS.pods(namespace)}?dryRun=All`, {
      ...pod,
      metadata: { ...pod.metadata, namespace },
    });
    const { labels, annotations } = created.metadata;
    return { labels, annotations, spec: created.spec };
  };

  for (const [name, { annotations = {}, spec }] of Object.entries(PODS)) {
    it(`renders a pod ${name} as the webhooks make it`, async () => {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace: 'apps', annotations },
        spec: { automountServiceAccountToken: false, containers: [{ name: 'app', image: 'a' }], ...spec },
      };
      const inputs = text(pod, ...injectors, await world.get('/api/v1/namespaces/apps'));
      const { stdout } = await cli(['inject', '-f', '-', '-o', 'json'], inputs);
      const [rendered] = JSON.parse(stdout).items;
      const byWebhook = await admitted(pod, 'apps');
      assert.deepEqual(await admitted(rendered, 'plain'), byWebhook);
      assert.deepEqual(await admitted(rendered, 'apps'), byWebhook, 'the webhooks find nothing left to do');
    });
  }
});

describe('a SidecarInjector that the CRD refuses', () => {
  const template = { containers: [{ name: 'x', image: 'x' }] };
  const BAD: Record<string, { name?: string; spec: object }> = {
    'without selection': { spec: { selection: undefined } },
    'without template': { spec: { template: undefined } },
    'with an empty selector': { spec: { selection: { namespaceSelector: {} } } },
    'with a selector without values': {
      spec: { selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
    },
    'with an unknown operator': {
      spec: { selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] } } },
    },
    'with another mode': { spec: { mode: 'enforce' } },
    'with another policy': { spec: { selection: { ...selection, policy: 'Always' } } },
    'with a bad annotation': { spec: { selection: { ...selection, annotation: 'a b' } } },
    'with one annotation twice': { spec: { selection: { ...selection, annotation: 'a/b', statusAnnotation: 'a/b' } } },
    'with an empty template': { spec: { template: {} } },
    'with an empty list': { spec: { template: { containers: [] } } },
    'with a nameless container': { spec: { template: { containers: [{ image: 'x' }] } } },
    'with a name twice': { spec: { template: { ...template, initContainers: template.containers } } },
    'with labels that are no strings': { spec: { template: { ...template, metadata: { labels: { a: 1 } } } } },
    'with containers that are no list': { spec: { template: { containers: {} } } },
    'with an anchor alone': { spec: { injection: { anchor: 'app' } } },
    'with Before alone': { spec: { injection: { position: 'Before' } } },
    'with another onConflict': { spec: { injection: { onConflict: 'Ignore' } } },
    'with a long timeout': { spec: { webhook: { timeoutSeconds: 31 } } },
    'with Fail for everybody else': {
      spec: {
        webhook: { failurePolicy: 'Fail' },
        selection: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] } },
      },
    },
    'with an unknown field': { spec: { selektion: {} } },
    'with a long name': { name: 'n'.repeat(41), spec: {} },
  };

  for (const [what, { name = 'bad', spec }] of Object.entries(BAD)) {
    it(`${what} is refused offline, too`, async () => {
      const bad = manifest(name, spec);
      const answer = await world.cluster.client.request(
        'POST',
        '/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors?dryRun=All&fieldValidation=Strict',
        bad,
      );
      assert.ok(answer.status === 422 || answer.status === 400, `the API server says ${answer.status}`);
      const { code, stdout, stderr } = await cli(['inject', '-f', '-'], text(bad));
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^SI6005: /);
    });
  }

  it('is told from one that it takes, nulls that stand for defaults included', async () => {
    const good = manifest('good', { mode: null, injection: null, webhook: { timeoutSeconds: null } });
    const answer = await world.cluster.client.request(
      'POST',
      '/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors?dryRun=All&fieldValidation=Strict',
      good,
    );
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    const { code, stderr } = await cli(['inject', '-f', '-'], text(good));
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });
});
