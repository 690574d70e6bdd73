import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import forge from 'node-forge';
import { cleanRequests } from '../certificates/cleaner.ts';
import { startCluster, type Cluster, type KubeObject } from '../index.ts';

/** What a condition says when it holds in time; fails the test otherwise. */
async function eventually<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    assert.ok(Date.now() < end, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('controllers', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster({ nodes: true });
  });
  after(() => cluster.stop());

  const post = async (path: string, object: object): Promise<KubeObject> => {
    const { status, body } = await cluster.client.request('POST', path, object);
    assert.equal(status, 201, JSON.stringify(body));
    return body as unknown as KubeObject;
  };
  const newNamespace = async (name: string): Promise<string> => {
    await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return `/api/v1/namespaces/${name}`;
  };
  const configMap = (name: string, metadata: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...metadata },
  });
  const ownerOf = (owner: KubeObject, blockOwnerDeletion = false): object => ({
    ownerReferences: [
      {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: owner.metadata.name,
        uid: owner.metadata.uid,
        blockOwnerDeletion,
      },
    ],
  });
  const has = (plural: string, namespace: string, name: string): boolean =>
    cluster.store.get(plural, namespace, name) !== undefined;

  test('a pod runs on the node with all its containers, and its deletion is short', async () => {
    const path = await newNamespace('runs');
    const spec = {
      initContainers: [{ name: 's', image: 's', restartPolicy: 'Always' }],
      containers: [{ name: 'c', image: 'c' }],
    };
    await post(`${path}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
    const status = await eventually('the pod runs', () => {
      const found = cluster.store.get('pods', 'runs', 'p')?.['status'] as
        { phase: string; podIP: string; containerStatuses: unknown[] } | undefined;
      return found?.phase === 'Running' && found;
    });
    assert.ok(status.podIP);
    assert.equal(status.containerStatuses.length, 1);
    await cluster.client.request('DELETE', `${path}/pods/p`);
    await eventually('the pod is gone', () => !has('pods', 'runs', 'p'));
  });

  test('a pod of another node is left alone', async () => {
    const path = await newNamespace('elsewhere');
    const spec = { nodeName: 'mine', containers: [{ name: 'c', image: 'c' }] };
    await post(`${path}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'other' }, spec });
    await post(`${path}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'later' },
      spec: { containers: spec.containers },
    });
    const phase = (name: string): unknown =>
      (cluster.store.get('pods', 'elsewhere', name)?.['status'] as { phase: string } | undefined)?.phase;
    await eventually('the later pod runs', () => phase('later') === 'Running');
    assert.equal(phase('other'), 'Pending');
  });

  test('a deployment rolls out, rolls over, and takes its pods along', async () => {
    await newNamespace('rolls');
    const path = '/apis/apps/v1/namespaces/rolls/deployments';
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
    const spec = { replicas: 2, selector: { matchLabels: { app: 'web' } }, template };
    await post(path, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec });
    const images = (): string[] =>
      cluster.store
        .list('pods', 'rolls')
        .map((pod) => (pod['spec'] as typeof template.spec).containers[0]?.image ?? '');
    const available = (): unknown =>
      (cluster.store.get('deployments.apps', 'rolls', 'web')?.['status'] as { availableReplicas?: number } | undefined)
        ?.availableReplicas;
    await eventually('two replicas', () => available() === 2 && images().length === 2);
    const patch = [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'i:2' }];
    await cluster.client.request('PATCH', `${path}/web`, patch, { contentType: 'application/json-patch+json' });
    await eventually('the new image only', () => images().join() === 'i:2,i:2');
    await cluster.client.request('DELETE', `${path}/web`, {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      propagationPolicy: 'Foreground',
    });
    await eventually('all are gone', () => images().length === 0 && !has('deployments.apps', 'rolls', 'web'));
  });

  test('foreground deletion waits for what blocks it', async () => {
    const path = await newNamespace('waits');
    const owner = await post(`${path}/configmaps`, configMap('owner'));
    await post(`${path}/configmaps`, configMap('held', { ...ownerOf(owner, true), finalizers: ['example.com/hold'] }));
    await cluster.client.request('DELETE', `${path}/configmaps/owner?propagationPolicy=Foreground`);
    await eventually(
      'the dependent is marked',
      () => cluster.store.get('configmaps', 'waits', 'held')?.metadata.deletionTimestamp,
    );
    assert.ok(has('configmaps', 'waits', 'owner'));
    await cluster.client.request('PATCH', `${path}/configmaps/held`, { metadata: { finalizers: null } });
    await eventually('the owner goes', () => !has('configmaps', 'waits', 'owner'));
  });

  test('a dependent of two owners stays with the one that lives', async () => {
    const path = await newNamespace('two');
    const [one, two] = [
      await post(`${path}/configmaps`, configMap('one')),
      await post(`${path}/configmaps`, configMap('two')),
    ];
    const references = [ownerOf(one), ownerOf(two)].flatMap(
      (each) => (each as { ownerReferences: object[] }).ownerReferences,
    );
    await post(`${path}/configmaps`, configMap('shared', { ownerReferences: references }));
    await cluster.client.request('DELETE', `${path}/configmaps/one`);
    const owners = await eventually('one owner is left', () => {
      const left = cluster.store.get('configmaps', 'two', 'shared')?.metadata.ownerReferences;
      return left?.length === 1 && left;
    });
    assert.equal(owners[0]?.name, 'two');
  });

  test('a namespace that cannot end says why', async () => {
    const path = await newNamespace('ends');
    await post(`${path}/configmaps`, configMap('held', { finalizers: ['example.com/hold'] }));
    await cluster.client.request('DELETE', path);
    const conditions = await eventually('conditions', () => {
      const status = cluster.store.get('namespaces', undefined, 'ends')?.['status'] as {
        conditions?: { message: string }[];
      };
      return status.conditions?.some(({ message }) => message.includes('configmaps. has 1')) && status.conditions;
    });
    assert.ok(conditions.some(({ message }) => message.endsWith('example.com/hold in 1 resource instances')));
    await cluster.client.request('PATCH', `${path}/configmaps/held`, { metadata: { finalizers: null } });
    await eventually('it ends', () => cluster.store.get('namespaces', undefined, 'ends') === undefined);
  });

  test('a namespace gets back its account and the cluster authority', async () => {
    const path = await newNamespace('furnished');
    await eventually('the account', () => has('serviceaccounts', 'furnished', 'default'));
    await eventually('the authority', () => has('configmaps', 'furnished', 'kube-root-ca.crt'));
    await cluster.client.request('DELETE', `${path}/serviceaccounts/default`);
    await cluster.client.request('PATCH', `${path}/configmaps/kube-root-ca.crt`, { data: { 'ca.crt': 'mine' } });
    await eventually('the account again', () => has('serviceaccounts', 'furnished', 'default'));
    await eventually('the authority again', () => {
      const data = cluster.store.get('configmaps', 'furnished', 'kube-root-ca.crt')?.['data'] as Record<string, string>;
      return data['ca.crt'] === cluster.caPem;
    });
  });

  test('endpoints follow the pods of a service', async () => {
    const path = await newNamespace('served');
    const spec = { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'http' }] };
    await post(`${path}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
    const container = { name: 'c', image: 'c', ports: [{ name: 'http', containerPort: 8080 }] };
    await post(`${path}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { app: 'a' } },
      spec: { containers: [container] },
    });
    const slice = await eventually('an endpoint', () => {
      const [found] = cluster.store.list('endpointslices.discovery.k8s.io', 'served');
      return (found?.['endpoints'] as unknown[] | undefined)?.length === 1 && found;
    });
    assert.deepEqual(slice?.['ports'], [{ name: '', port: 8080, protocol: 'TCP' }]);
  });

  test('requests of kubelets approve themselves, others wait; old ones are cleaned up', async () => {
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const { privateKey, publicKey } = forge.pki.rsa.generateKeyPair(2048);
    const request = forge.pki.createCertificationRequest();
    request.publicKey = publicKey;
    request.setSubject([
      { name: 'organizationName', value: 'system:nodes' },
      { name: 'commonName', value: 'system:node:a' },
    ]);
    request.sign(privateKey, forge.md.sha256.create());
    const post64 = async (name: string, signerName: string): Promise<KubeObject> =>
      post(path, {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: {
          request: Buffer.from(forge.pki.certificationRequestToPem(request)).toString('base64'),
          signerName,
          usages: ['digital signature', 'client auth'],
        },
      });
    const statusOf = (name: string): { certificate?: string; conditions?: { reason: string }[] } | undefined =>
      cluster.store.get('certificatesigningrequests.certificates.k8s.io', undefined, name)?.['status'] as ReturnType<
        typeof statusOf
      >;
    await post64('client', 'kubernetes.io/kube-apiserver-client');
    await post64('kubelet', 'kubernetes.io/kube-apiserver-client-kubelet');
    await eventually('the certificate', () => statusOf('kubelet')?.certificate);
    assert.equal(statusOf('kubelet')?.conditions?.[0]?.reason, 'AutoApproved');
    assert.deepEqual(statusOf('client'), {});

    const { store, registry, client } = cluster;
    const context = { store, registry, client, clusterCA: { certificate: '', key: '' } };
    const tomorrow = new Date(Date.now() + 25 * 3600_000);
    assert.deepEqual(await cleanRequests(context, new Date()), []);
    assert.deepEqual((await cleanRequests(context, tomorrow)).toSorted(), ['client', 'kubelet']);
    assert.equal(statusOf('client'), undefined);
  });
});
