/** Breaks by hand: objects of the cluster that are changed, removed or added, as people and other programs do. */
import type { KubeObject } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { create, remove } from '../../src/kube/verbs.ts';
import { injectorNamed, deleteInjector } from '../e2e/support/fixture.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import { loadManifests } from '../e2e/support/manifests.ts';
import { applyAll, deleteAll } from '../e2e/support/objects.ts';
import { reportReadiness } from '../e2e/support/operator.ts';
import { until } from '../support/until.ts';
import { configurationOf, merge, probeAnew, type Bed } from './bed.ts';
import type { Break, Manifest } from './break.ts';
import { withoutRight } from './rights.ts';
import { OPERATOR_POD_BREAKS } from './pods.ts';

const CARE = 'care';
const NAMESPACE = 'ns-care';

export const OBJECT_INJECTORS: readonly string[] = [CARE, 'label', 'spec'];

type Undo = () => Promise<unknown>;

/** Adds objects, and takes them away afterwards. */
const adding =
  (make: (bed: Bed) => Manifest[] | Promise<Manifest[]>) =>
  async (bed: Bed): Promise<Undo> => {
    const objects = await make(bed);
    await applyAll(bed.client, objects);
    return () => deleteAll(bed.client, objects);
  };

/** Changes an injector, and takes it back afterwards: null takes a field away again. */
const changing =
  (injector: string, spec: object, back: object) =>
  async (bed: Bed): Promise<Undo> => {
    await merge(bed, RESOURCES.sidecarInjectors, injector, { spec });
    return () => merge(bed, RESOURCES.sidecarInjectors, injector, { spec: back });
  };

const pod = (annotations: Record<string, string>): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'app', namespace: NAMESPACE, annotations },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'app', image: 'example.com/app:1' }] },
});

const createPod = async ({ client }: Bed, annotations: Record<string, string> = {}): Promise<Undo> => {
  await create(client, RESOURCES.pods, pod(annotations), { fieldManager: 'test' });
  return () => deleteAll(client, [pod({})]);
};

const foreign = injectorNamed('foreign', { certificate: { signerName: 'example.com/nobody' } });

const denyRequests = async ({ client }: Bed): Promise<void> => {
  await until('the request is denied', async () => {
    const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
    const { items } = await client.request<{ items: KubeObject[] }>({
      path,
      query: { labelSelector: 'sidecarinjector.dev/injector=foreign' },
    });
    const [request] = items;
    if (request === undefined) return false;
    const conditions = [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'not in this house' }];
    const body = { ...request, status: { conditions } };
    await client.request({ method: 'PUT', path: `${path}/${request.metadata.name}/approval`, body });
    return true;
  });
};

const stranger = (name: string, webhook: object): Manifest => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name },
  webhooks: [
    {
      name: 'stranger.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 1,
      failurePolicy: 'Ignore',
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' }],
      ...webhook,
    },
  ],
});

const garble = async (bed: Bed, make: (caBundle: string) => string): Promise<void> => {
  const { webhooks = [] } = await configurationOf(bed, CARE);
  const garbled = webhooks.map((webhook) => {
    const { caBundle = '' } = webhook.clientConfig;
    return { ...webhook, clientConfig: { ...webhook.clientConfig, caBundle: make(caBundle) } };
  });
  await merge(bed, RESOURCES.mutatingWebhookConfigurations, `sidecar-injector-${CARE}`, { webhooks: garbled });
};

const policy = loadManifests('config/probe');

export const OBJECT_BREAKS: readonly Break[] = [
  ...OPERATOR_POD_BREAKS,
  {
    name: 'no replica is ready',
    injector: CARE,
    only: 'inMemory',
    make: async (bed) => {
      const of = { name: bed.operator.name, host: bed.road.host };
      await reportReadiness(bed.environment, of, false);
      // As when a pod ends: its connections end with it.
      await bed.road.set({ kind: 'to', port: bed.operator.webhookPort });
      await probeAnew(bed, CARE);
      return async () => {
        await reportReadiness(bed.environment, of, true);
        await probeAnew(bed, CARE);
      };
    },
    condition: { type: 'InjectionVerified', status: 'False', says: /nothing listens behind the Service/ },
    event: /ProbeFailed: .*nothing listens behind the Service/,
    doctor: /^SI021 fail service\/sidecar-injector-care: none of its 1 endpoint is ready/,
  },
  {
    name: 'a NetworkPolicy that denies everything',
    injector: CARE,
    make: adding(() => [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny-all', namespace: OPERATOR_NAMESPACE },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      },
    ]),
    doctor: /^SI022 warn networkpolicy\/deny-all: it keeps the API server from port \d+/,
  },
  {
    name: 'the Service is gone, and the operator may not restore it',
    injector: CARE,
    make: async (bed) => {
      const restore = await withoutRight(bed, 'Role', 'services');
      await remove(bed.client, RESOURCES.services, { name: 'sidecar-injector-care', namespace: OPERATOR_NAMESPACE });
      return restore;
    },
    condition: { type: 'Reconciling', status: 'True', says: /RetryingAfterError: .*services/ },
    doctor: /^SI020 fail service\/sidecar-injector-care: it is missing/,
  },
  {
    name: 'the operator lacks a right',
    injector: CARE,
    make: (bed) => withoutRight(bed, 'Role', 'services'),
    doctor: /^SI016 fail serviceaccount\/sidecar-injector: the operator may not patch services in namespace/,
  },
  {
    name: 'a caBundle that was encoded twice, and the operator may not repair it',
    injector: CARE,
    make: async (bed) => {
      const restore = await withoutRight(bed, 'ClusterRole', 'mutatingwebhookconfigurations');
      await garble(bed, (caBundle) => Buffer.from(caBundle).toString('base64'));
      return restore;
    },
    condition: { type: 'Reconciling', status: 'True', says: /RetryingAfterError: .*mutatingwebhookconfigurations/ },
    doctor:
      /^SI041 fail mutatingwebhookconfiguration\/sidecar-injector-care: the caBundle .* was encoded in base64 twice/,
  },
  {
    name: 'a garbled caBundle, in the words of the API server',
    injector: CARE,
    make: async (bed) => {
      const restore = await withoutRight(bed, 'ClusterRole', 'mutatingwebhookconfigurations');
      await garble(bed, () => Buffer.from('garbage').toString('base64'));
      return restore;
    },
    doctor: /^SI062 fail sidecarinjector\/care: the published caBundle is not PEM.*unable to load root certificates/,
  },
  {
    name: 'a signer that nobody serves',
    injector: 'foreign',
    brief: true,
    make: async (bed) => {
      await applyAll(bed.client, [foreign]);
      return () => deleteInjector(bed.client, 'foreign');
    },
    condition: { type: 'CertificateReady', status: 'False', says: /^Pending: / },
    doctor: /^SI034 fail csr\/sidecar-injector-foreign-\w+: it waits for an approver/,
  },
  {
    name: 'a request that was denied',
    injector: 'foreign',
    brief: true,
    make: async (bed) => {
      await applyAll(bed.client, [foreign]);
      await denyRequests(bed);
      return () => deleteInjector(bed.client, 'foreign');
    },
    condition: { type: 'CertificateReady', status: 'False', says: /^Denied: .*not in this house/ },
    doctor: /^SI034 fail csr\/sidecar-injector-foreign-\w+: it was denied: not in this house/,
  },
  {
    name: 'the label of the namespace is misspelt',
    injector: 'label',
    make: async (bed) => {
      const wrong = { labels: { inject: null, injcet: 'label' } };
      await merge(bed, RESOURCES.namespaces, 'ns-label', { metadata: wrong });
      return () =>
        merge(bed, RESOURCES.namespaces, 'ns-label', { metadata: { labels: { inject: 'label', injcet: null } } });
    },
    condition: { type: 'SelectorMatches', status: 'False', says: /NoNamespaceMatches: .*ns-label.*injcet=label/ },
    event: /NoNamespaceMatches: .*ns-label/,
    doctor: /^SI050 warn namespace\/ns-label: it nearly matches .* it has injcet=label, wanted is inject=label/,
  },
  {
    name: 'failurePolicy Fail with one replica',
    injector: 'spec',
    only: 'inMemory',
    make: changing('spec', { webhook: { failurePolicy: 'Fail' } }, { webhook: { failurePolicy: 'Ignore' } }),
    doctor: /^SI044 warn sidecarinjector\/spec: failurePolicy is Fail and 1 replica ready/,
  },
  {
    name: 'a match condition that fails',
    injector: 'spec',
    make: changing(
      'spec',
      {
        webhook: { failurePolicy: 'Fail' },
        selection: { matchConditions: [{ name: 'labels', expression: "object.metadata.labels['a'] == 'b'" }] },
      },
      { webhook: { failurePolicy: 'Ignore' }, selection: { matchConditions: null } },
    ),
    doctor: /^SI063 fail sidecarinjector\/spec: a match condition failed on this pod \[.*resulted in error/,
  },
  {
    name: 'a template that the API server refuses',
    injector: 'spec',
    make: changing(
      'spec',
      { template: { volumes: [{ name: 'both', emptyDir: {}, hostPath: { path: '/' } }] } },
      { template: { volumes: null } },
    ),
    condition: { type: 'Accepted', status: 'False', says: /TemplateRejected: .*more than 1 volume type/ },
    event: /TemplateRejected: .*more than 1 volume type/,
    doctor: /^SI061 fail sidecarinjector\/spec: Accepted: TemplateRejected: /,
  },
  {
    name: 'a forgotten pause',
    injector: 'spec',
    make: changing('spec', { mode: 'Paused' }, { mode: 'Enforce' }),
    condition: { type: 'Ready', status: 'False', says: /^Paused: / },
    doctor: /^SI060 warn sidecarinjector\/spec: it is paused/,
  },
  {
    name: 'an annotation that is misspelt',
    injector: CARE,
    make: (bed) => createPod(bed, { 'inject.sidecarinjector.dev/cary': 'true' }),
    doctor: /^SI070 warn pod\/app: the annotation inject.sidecarinjector.dev\/cary is misspelt: .*\/care is meant/,
  },
  {
    name: 'an annotation that is neither true nor false',
    injector: CARE,
    make: (bed) => createPod(bed, { 'inject.sidecarinjector.dev/care': 'please' }),
    doctor: /^SI070 warn pod\/app: the annotation .* is "please", which is neither true nor false/,
  },
  {
    name: 'an annotation on the Deployment instead of on its template',
    injector: CARE,
    make: adding(() => [
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'app', namespace: NAMESPACE, annotations: { 'inject.sidecarinjector.dev/care': 'true' } },
        spec: {
          replicas: 0,
          selector: { matchLabels: { app: 'app' } },
          template: {
            metadata: { labels: { app: 'app' } },
            spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
          },
        },
      },
    ]),
    doctor: /^SI071 warn deployment\/app: the annotation .* stands on the Deployment instead of on its pod template/,
  },
  {
    name: 'a configuration that sends the operator its own pods',
    injector: CARE,
    make: adding(async (bed) => {
      const [webhook] = (await configurationOf(bed, CARE)).webhooks ?? [];
      return [stranger('self', { clientConfig: webhook?.clientConfig, namespaceSelector: {}, objectSelector: {} })];
    }),
    doctor: /^SI045 fail mutatingwebhookconfiguration\/self: .* asked about the operator's own pods/,
  },
  {
    name: 'a configuration of an injector that is gone',
    injector: CARE,
    make: adding(() => [
      stranger('left-over', {
        clientConfig: {
          service: { namespace: OPERATOR_NAMESPACE, name: 'sidecar-injector-gone', path: '/mutate/gone' },
        },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'nowhere' } },
      }),
    ]),
    doctor: /^SI046 fail mutatingwebhookconfiguration\/left-over: it still calls for the injector gone, which is gone/,
  },
  {
    name: 'a webhook of somebody else fails',
    injector: CARE,
    make: async (bed) => {
      const undo = await adding(() => [
        stranger('stranger', {
          clientConfig: { url: 'https://127.0.0.1:1/' },
          failurePolicy: 'Fail',
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'sidecar-injector-probe' } },
        }),
      ])(bed);
      await probeAnew(bed, CARE);
      return async () => {
        await undo();
        await probeAnew(bed, CARE);
      };
    },
    condition: { type: 'InjectionVerified', status: 'False', says: /another webhook, stranger.example.com, fails/ },
    event: /ProbeFailed: .*another webhook, stranger.example.com/,
    doctor: /^SI062 fail sidecarinjector\/care: another webhook, stranger.example.com, fails/,
  },
  {
    name: 'the operator may not probe',
    injector: CARE,
    make: async (bed) => {
      const restore = await withoutRight(bed, 'ProbeRole', 'pods');
      await probeAnew(bed, CARE);
      return async () => {
        await restore();
        await probeAnew(bed, CARE);
      };
    },
    condition: { type: 'InjectionVerified', status: 'False', says: /may not create probe pods/ },
    event: /may not create probe pods/,
    doctor: /^SI016 fail .*: the operator may not create pods in namespace sidecar-injector-probe/,
  },
  {
    name: 'the policy of the probe namespace is gone',
    injector: CARE,
    make: async (bed) => {
      await deleteAll(bed.client, policy);
      return () => applyAll(bed.client, policy);
    },
    doctor: /^SI017 warn validatingadmissionpolicy\/sidecar-injector-probe: it is missing/,
  },
  {
    name: 'a pod that was missed',
    injector: CARE,
    make: async (bed) => {
      await merge(bed, RESOURCES.sidecarInjectors, CARE, { spec: { mode: 'Audit' } });
      const undo = await until('a pod is left alone', async () => {
        const back = await createPod(bed);
        const { client } = bed;
        const made = await client.request<KubeObject>({ path: `/api/v1/namespaces/${NAMESPACE}/pods/app` });
        if (made.metadata.labels === undefined && made.metadata.annotations === undefined) return back;
        await back();
        return undefined;
      });
      await merge(bed, RESOURCES.sidecarInjectors, CARE, { spec: { mode: 'Enforce' } });
      return undo;
    },
    doctor: /^SI072 warn sidecarinjector\/care: 1 pod should have the sidecar and has not: .*\[ns-care\/app\]/,
  },
  {
    name: 'a pod with an older template',
    injector: CARE,
    make: async (bed) => {
      const template = (image: string): object => ({ template: { containers: [{ name: 'care-sidecar', image }] } });
      const undo = await createPod(bed);
      const back = await changing(CARE, template('example.com/sidecar:2'), template('example.com/sidecar:1'))(bed);
      return async () => {
        await undo();
        await back();
      };
    },
    doctor: /^SI080 warn sidecarinjector\/care: 1 pod has the sidecar of an older template/,
  },
];
