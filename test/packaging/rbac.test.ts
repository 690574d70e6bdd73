/**
 * The rights that config/ ships are exactly those that the operator needs: it runs under them through its whole work, no
 * call is refused, and no right is left unused.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { INJECTOR_LABEL, MANAGED_BY, MANAGED_BY_LABEL, secretName } from '../../src/api/v1alpha1/names.ts';
import { CONTROLLER_REVISIONS } from '../../src/controllers/revisions.ts';
import { isAlreadyExists } from '../../src/kube/errors.ts';
import type { KubeObject, Pod } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, get, list } from '../../src/kube/verbs.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { createRequest } from '../../src/pki/requests.ts';
import { startChild, stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import {
  condition,
  containersOf,
  createPod,
  deleteInjector,
  injectorNamed,
  injectorStatus,
} from '../e2e/support/fixture.ts';
import { install, OPERATOR_NAMESPACE, operatorKubeconfig, uninstall } from '../e2e/support/installation.ts';
import { loadManifests, REPOSITORY } from '../e2e/support/manifests.ts';
import { applyAll, deleteAll, resourceFor } from '../e2e/support/objects.ts';
import { startOperator, type RunningOperator } from '../e2e/support/operator.ts';
import { until } from '../support/until.ts';
import { accessesOf, covers, describeGrant, grantsOf } from './support/grants.ts';
import { startRecordingProxy, type RecordingProxy } from './support/recording-proxy.ts';

const OWNED = [
  RESOURCES.mutatingWebhookConfigurations,
  RESOURCES.services,
  RESOURCES.secrets,
  RESOURCES.certificateSigningRequests,
  CONTROLLER_REVISIONS,
];

const COMPONENTS = ['config/components/kubelet-serving', 'config/components/rollout'];
const ROLLOUT = loadManifests('config/components/rollout');

let environment: Environment;
let proxy: RecordingProxy;
let operator: RunningOperator;

before(async () => {
  environment = await openEnvironment({ nodes: true });
  await install(environment);
  await applyAll(environment.client, ROLLOUT);
  proxy = await startRecordingProxy(environment.kubeconfig, environment.directory);
  operator = await startOperator(environment, { kubeconfig: proxy.kubeconfig });
});
after(async () => {
  try {
    await uninstall(environment);
    await deleteAll(environment.client, ROLLOUT);
  } finally {
    await stopChildren();
    await proxy.close();
    await environment.close();
  }
});

const merge = async (path: string, body: object): Promise<KubeObject> =>
  environment.client.request<KubeObject>({
    method: 'PATCH',
    path,
    contentType: 'application/merge-patch+json',
    body,
  });
const INJECTORS = '/apis/sidecarinjector.dev/v1alpha1/sidecarinjectors';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** An injector for the namespace of its name. */
const applyInjector = async (name: string, spec: Record<string, unknown> = {}): Promise<void> => {
  const labelled = { name: `ns-${name}`, labels: { inject: name } };
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: labelled };
  await applyAll(environment.client, [namespace, injectorNamed(name, spec)]);
};

/** Everything that carries the label of an injector. */
const leftOf = async (injector: string): Promise<KubeObject[]> => {
  const labelSelector = `${INJECTOR_LABEL}=${injector}`;
  const lists = await Promise.all(OWNED.map((resource) => list(environment.client, resource, { labelSelector })));
  return lists.flatMap(({ items }) => items);
};

/** One object of each kind that an injector owns, as if its API version had been given up. The configuration comes last. */
const leftovers = async (injector: string): Promise<(KubeObject & Record<string, unknown>)[]> => {
  const metadata = {
    name: `sidecar-injector-${injector}`,
    namespace: OPERATOR_NAMESPACE,
    labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [INJECTOR_LABEL]: injector },
    ownerReferences: [
      { apiVersion: 'sidecarinjector.dev/v1alpha0', kind: 'SidecarInjector', name: injector, uid: randomUUID() },
    ],
  };
  const { namespace: _none, ...clusterWide } = metadata;
  const key = await generatePrivateKey(2048);
  const request = await createRequest(createPrivateKey(key), {
    commonName: injector,
    dnsNames: [`${injector}.example.com`],
    ipAddresses: [],
  });
  const spec = {
    request: Buffer.from(request).toString('base64'),
    signerName: 'example.com/signer',
    usages: ['server auth'],
  };
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, name: secretName(injector) }, data: {} },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443 }] } },
    { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, revision: 1, data: {} },
    { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: clusterWide, spec },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: clusterWide,
      webhooks: [],
    },
  ];
};

test('the main job', async () => {
  const { client } = environment;
  await applyAll(client, loadManifests('config/samples/nginx.yaml'));
  await condition(client, 'nginx', 'Ready', 'True');
  const annotations = { 'sidecar-injector-webhook.nginx.sidecar/need_inject': 'true' };
  const pod = await createPod(client, 'nginx-injection', { annotations });
  assert.equal(containersOf(pod).length, 2);
});

test("a native sidecar where kubelets can, and the cluster's own signer, whose authority a ConfigMap names", async () => {
  const { client } = environment;
  const root = await client.request<{ data: Record<string, string> }>({
    path: `/api/v1/namespaces/${OPERATOR_NAMESPACE}/configmaps/kube-root-ca.crt`,
  });
  assert.ok(root.data['ca.crt']);
  await applyInjector('cluster', {
    injection: { sidecarMode: 'Auto' },
    certificate: {
      signerName: 'kubernetes.io/kubelet-serving',
      caBundleFrom: { configMap: { name: 'kube-root-ca.crt', key: 'ca.crt' } },
    },
  });
  await condition(client, 'cluster', 'Ready', 'True');
});

test('changes of the template and back, a rotation with a new authority, and repairs of what people edit', async () => {
  const { client } = environment;
  await applyInjector('changes');
  await condition(client, 'changes', 'Ready', 'True');
  for (const image of ['example.com/sidecar:2', 'example.com/sidecar:3', 'example.com/sidecar:2']) {
    await merge(`${INJECTORS}/changes`, { spec: { template: { containers: [{ name: 'changes-sidecar', image }] } } });
    await condition(client, 'changes', 'Ready', 'True');
  }
  const serial = async (): Promise<string | undefined> =>
    (await injectorStatus(client, 'changes')).status?.certificate?.serialNumber;
  const first = await serial();
  await merge(`${INJECTORS}/changes`, { metadata: { annotations: { 'sidecarinjector.dev/rotate': 'ca-1' } } });
  await until('the certificate is another one', async () => (await serial()) !== first);
  await condition(client, 'changes', 'Ready', 'True');
  for (const by of ['me', 'you']) {
    const garbled = await merge(`${CONFIGURATIONS}/sidecar-injector-changes`, {
      metadata: { labels: { [MANAGED_BY_LABEL]: by } },
    });
    await until('the label is ours again', async () => {
      const found = await get(client, RESOURCES.mutatingWebhookConfigurations, { name: garbled.metadata.name ?? '' });
      return found?.metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
    });
  }
});

/**
 * One pod of every kind of workload, made as its controller makes it: where that controller runs, it may be faster, and is
 * content with one. A DaemonSet's makes none without a node, and leaves alone one that waits for a node.
 */
test('pods that were missed, of each kind of workload', async () => {
  const { client } = environment;
  const namespace = 'ns-missed';
  const spec = { containers: [{ name: 'app', image: 'example.com/app:1' }], automountServiceAccountToken: false };
  const labelsOf = (kind: string): Record<string, string> => ({ app: kind.toLowerCase() });
  const templateOf = (kind: string): object => ({ metadata: { labels: labelsOf(kind) }, spec });
  const selected = (kind: string): object => ({
    selector: { matchLabels: labelsOf(kind) },
    template: templateOf(kind),
  });
  const workload = (apiVersion: string, kind: string, own: object): KubeObject =>
    ({ apiVersion, kind, metadata: { name: kind.toLowerCase(), namespace }, spec: own }) as KubeObject;
  const workloads = [
    workload('apps/v1', 'StatefulSet', { ...selected('StatefulSet'), serviceName: 'missed', replicas: 1 }),
    workload('apps/v1', 'DaemonSet', selected('DaemonSet')),
    workload('v1', 'ReplicationController', {
      selector: labelsOf('ReplicationController'),
      template: templateOf('ReplicationController'),
      replicas: 1,
    }),
    workload('batch/v1', 'Job', { template: { spec: { ...spec, restartPolicy: 'Never' } } }),
  ];
  const deployment = workload('apps/v1', 'Deployment', { ...selected('Deployment'), replicas: 1 });
  const metadata = { name: namespace, labels: { inject: 'missed' } };
  await applyAll(client, [{ apiVersion: 'v1', kind: 'Namespace', metadata }, deployment]);
  for (const object of workloads) {
    const { apiVersion, kind } = object;
    const { name, uid } = (await create(client, await resourceFor(client, apiVersion, kind), object)).metadata;
    const ownerReferences = [{ apiVersion, kind, name, uid: uid ?? '', controller: true }];
    // As a StatefulSet names its first pod (pkg/controller/statefulset getPodName).
    const own = { name: `${name}-0`, namespace, labels: labelsOf(kind), ownerReferences };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: own, spec };
    await create(client, RESOURCES.pods, pod as KubeObject).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
  await applyInjector('missed');
  await until('each workload is told', async () => {
    const { items } = await list<KubeObject & { regarding: { kind: string } }>(client, RESOURCES.events, { namespace });
    const kinds = new Set(items.map(({ regarding }) => regarding.kind));
    const silent = [...workloads, deployment].filter(({ kind }) => !kinds.has(kind));
    assert.deepEqual(
      silent.map(({ kind }) => kind),
      [],
    );
    return true;
  });
});

test('pods that were missed are evicted', async () => {
  const { client } = environment;
  const namespace = 'ns-rolls';
  const labels = { app: 'missed' };
  const spec = { containers: [{ name: 'app', image: 'example.com/app:1' }], terminationGracePeriodSeconds: 0 };
  const template = { metadata: { labels }, spec };
  const deployment: KubeObject & Record<string, unknown> = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'missed', namespace },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  };
  const pods = async (): Promise<Pod[]> =>
    (await list<Pod>(client, RESOURCES.pods, { namespace, labelSelector: 'app=missed' })).items;
  await applyAll(client, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { inject: 'rolls' } } },
    deployment,
  ]);
  await until('the pod is there', async () => (await pods()).length === 1);
  await applyInjector('rolls', { rollout: { mode: 'Restart', maxPerMinute: 100 } });
  await until(
    'the pod came back with the sidecar',
    async () => (await pods()).some((pod) => containersOf(pod).includes('rolls-sidecar')),
    { timeoutMs: 30_000 },
  );
});

test('deletion', async () => {
  const { client } = environment;
  await deleteInjector(client, 'changes');
  await until('nothing is left', async () => (await leftOf('changes')).length === 0);
});

/** The garbage collector leaves alone what belongs to an owner of a version that is no longer served: the operator does not. */
test('what an injector of a former version left behind', async () => {
  const { client } = environment;
  await applyAll(client, await leftovers('former'));
  await until('the operator has removed it', async () => (await leftOf('former')).length === 0);
});

test("what helm test runs in the image sees the injectors under the operator's account", async () => {
  const chart = readFileSync(path.join(REPOSITORY, 'config/helm/templates/tests/status.yaml'), 'utf8');
  const [, args = ''] = /^ +args: (\[.*\])$/m.exec(chart) ?? [];
  const child = startChild(['src/main.ts', ...(parse(args) as string[])], {
    env: { KUBECONFIG: await operatorKubeconfig(environment) },
  });
  await once(child.process, 'exit');
  assert.equal(child.process.exitCode, 0, child.lines.join('\n'));
  assert.match(child.lines.join('\n'), /nginx +True/);
});

test('no call was refused, and no right was left unused', async () => {
  await operator.stop();
  const refused = proxy.calls.filter(({ status }) => status === 403 || status === 401);
  assert.deepEqual(
    refused.map(({ verb, path, answer }) => `${verb} ${path}: ${answer}`),
    [],
  );
  const accesses = proxy.calls.flatMap(accessesOf);
  const grants = grantsOf(['config/rbac', ...COMPONENTS].flatMap(loadManifests));
  assert.ok(grants.length > 20);
  const unused = grants.filter((grant) => !accesses.some((access) => covers(grant, access)));
  assert.deepEqual(unused.map(describeGrant), []);
});
