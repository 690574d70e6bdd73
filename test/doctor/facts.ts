/** Facts of a cluster in which all is well, as far as the tests of single checks need them. */
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { CHECKS } from '../../src/cli/doctor/catalogue.ts';
import { examine, problemsOf, type Problem } from '../../src/cli/doctor/check.ts';
import type { Facts, ListName, Lists } from '../../src/cli/doctor/facts.ts';
import { desiredWebhookConfiguration } from '../../src/domain/plan-objects.ts';
import type { MutatingWebhookConfiguration } from '../../src/kube/objects.ts';

export const NAMESPACE = 'sidecar-injector-system';

const NAMES: readonly ListName[] = [
  'customResourceDefinitions',
  'injectors',
  'everyInjector',
  'namespaces',
  'webhookConfigurations',
  'certificateSigningRequests',
  'probePolicies',
  'services',
  'secrets',
  'endpointSlices',
  'networkPolicies',
  'leases',
  'operatorPods',
  'deployments',
  'nodes',
  'pods',
  'workloads',
  'events',
];

export const injector = (name: string, spec: object = {}): SidecarInjector => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name, uid: name, generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    selection: { namespaceSelector: { matchLabels: { inject: name } }, policy: 'OptOut' },
    template: { containers: [{ name: `${name}-sidecar`, image: 'example.com/sidecar:1' }] },
    ...spec,
  },
  status: {
    observedGeneration: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
  },
});

export const object = (kind: string, name: string, more: object = {}, metadata: object = {}): never =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: NAMESPACE, ...metadata }, ...more }) as never;

export const namespace = (name: string, labels: Record<string, string> = {}): never =>
  object('Namespace', name, {}, { labels: { 'kubernetes.io/metadata.name': name, ...labels } });

export const factsWith = (lists: Partial<Lists> = {}, more: Partial<Facts> = {}): Facts => {
  const subject = injector('nginx');
  const operator = { namespace: NAMESPACE, webhookPort: 10_250 };
  const configuration = desiredWebhookConfiguration(subject, operator, '') as unknown as MutatingWebhookConfiguration;
  const empty = Object.fromEntries(NAMES.map((name) => [name, { items: [] }])) as unknown as Lists;
  return {
    now: new Date(),
    operatorNamespace: NAMESPACE,
    server: { url: 'https://127.0.0.1:6443', version: 'v1.36.2' },
    lists: {
      ...empty,
      customResourceDefinitions: {
        items: [
          object('CustomResourceDefinition', 'sidecarinjectors.sidecarinjector.dev', {
            spec: { versions: [{ name: 'v1alpha1', served: true, storage: true }] },
            status: { conditions: ['Established', 'NamesAccepted'].map((type) => ({ type, status: 'True' })) },
          }),
        ],
      },
      namespaces: {
        items: [namespace(NAMESPACE), namespace('sidecar-injector-probe'), namespace('shop', { inject: 'nginx' })],
      },
      injectors: { items: [subject] },
      everyInjector: { items: [subject] },
      webhookConfigurations: { items: [configuration] },
      ...lists,
    },
    logs: new Map(),
    annotated: [],
    served: [],
    probes: [],
    trials: [],
    ...more,
  };
};

/** What one check finds, with all that it rests on. */
export const found = (id: string, facts: Facts): readonly Problem[] => {
  const result = examine(CHECKS, facts).find((each) => each.id === id);
  if (result === undefined) throw new Error(`there is no check ${id}`);
  if (result.state === 'skip') throw new Error(`${id} is skipped: ${result.reason}`);
  return problemsOf(result);
};
