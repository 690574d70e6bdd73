/** What doctor reads besides the operator's own resources, as far as it looks into it. */
import type { KubeObject, LabelSelector, Pod } from '../../kube/objects.ts';
import type { ResourceRef } from '../../kube/resources.ts';

const reference = (group: string, plural: string, kind: string, namespaced: boolean): ResourceRef =>
  Object.freeze({ group, version: 'v1', plural, namespaced, kind });

export const READ = Object.freeze({
  customResourceDefinitions: reference(
    'apiextensions.k8s.io',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    false,
  ),
  deployments: reference('apps', 'deployments', 'Deployment', true),
  statefulSets: reference('apps', 'statefulsets', 'StatefulSet', true),
  daemonSets: reference('apps', 'daemonsets', 'DaemonSet', true),
  endpointSlices: reference('discovery.k8s.io', 'endpointslices', 'EndpointSlice', true),
  networkPolicies: reference('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', true),
  nodes: reference('', 'nodes', 'Node', false),
  policies: reference(
    'admissionregistration.k8s.io',
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
    false,
  ),
  policyBindings: reference(
    'admissionregistration.k8s.io',
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
    false,
  ),
  subjectAccessReviews: reference('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview', false),
});

export interface CustomResourceDefinition extends KubeObject {
  spec?: { versions?: { name: string; served: boolean; storage: boolean; schema?: unknown }[] };
  status?: { conditions?: { type: string; status: string; message?: string }[]; storedVersions?: string[] };
}

export interface Deployment extends KubeObject {
  spec?: { replicas?: number; paused?: boolean; template?: { metadata?: { labels?: Record<string, string> } } };
  status?: {
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

/** A workload of a user; without its spec where only metadata was read. */
export interface Workload extends KubeObject {
  spec?: { template?: { metadata?: { annotations?: Record<string, string> } } };
}

export interface EndpointSlice extends KubeObject {
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean }; targetRef?: { kind?: string; name?: string } }[];
  ports?: { name?: string; port?: number; protocol?: string }[];
}

export interface NetworkPolicy extends KubeObject {
  spec?: {
    podSelector?: LabelSelector;
    policyTypes?: string[];
    ingress?: {
      from?: { ipBlock?: unknown; podSelector?: unknown; namespaceSelector?: unknown }[];
      ports?: { port?: number | string; endPort?: number; protocol?: string }[];
    }[];
  };
}

interface StateOfContainer {
  waiting?: { reason?: string; message?: string };
  terminated?: { reason?: string; message?: string; exitCode?: number };
  running?: object;
}

export interface OperatorPod extends Pod {
  status?: {
    phase?: string;
    podIP?: string;
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface ContainerStatus {
  name: string;
  image?: string;
  ready?: boolean;
  restartCount?: number;
  state?: StateOfContainer;
  lastState?: StateOfContainer;
}
