/** Everything that the checks judge, gathered once: they are pure functions of it. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type {
  CertificateSigningRequest,
  Event,
  KubeObject,
  Lease,
  MutatingWebhookConfiguration,
  Namespace,
  Pod,
  Secret,
  Service,
} from '../../kube/objects.ts';
import type {
  CustomResourceDefinition,
  Deployment,
  EndpointSlice,
  NetworkPolicy,
  OperatorPod,
  Workload,
} from './resources.ts';

/** What a list gave, or why it gave nothing. */
export interface Seen<T> {
  items: readonly T[];
  /** Why it could not be read; undefined when it was. */
  hidden?: string;
}

export interface Lists {
  customResourceDefinitions: Seen<CustomResourceDefinition>;
  /** All, or the one that was asked for. */
  injectors: Seen<SidecarInjector>;
  /** All, whatever was asked for. */
  everyInjector: Seen<SidecarInjector>;
  namespaces: Seen<Namespace>;
  webhookConfigurations: Seen<MutatingWebhookConfiguration>;
  certificateSigningRequests: Seen<CertificateSigningRequest>;
  probePolicies: Seen<KubeObject>;
  // In the operator's namespace:
  services: Seen<Service>;
  secrets: Seen<Secret>;
  endpointSlices: Seen<EndpointSlice>;
  networkPolicies: Seen<NetworkPolicy>;
  leases: Seen<Lease>;
  operatorPods: Seen<OperatorPod>;
  deployments: Seen<Deployment>;
  // Anywhere:
  nodes: Seen<KubeObject>;
  /** Metadata alone. */
  pods: Seen<Pod>;
  /** Metadata alone, of Deployments, StatefulSets and DaemonSets. */
  workloads: Seen<Workload>;
  events: Seen<Event>;
}
export type ListName = keyof Lists;

/** A right that was asked about. */
export interface Right {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

/** A TLS handshake with what answers for an injector. */
export interface Served {
  injector: string;
  /** Where it was asked. */
  address: string;
  /** PEM, leaf first. */
  chain?: string;
  /** Why there was no handshake, in words that `diagnose` knows where possible. */
  error?: string;
}

/** A pod that was sent with dryRun=All. */
export interface Trial {
  injector: string;
  namespace: string;
  outcome: 'injected' | 'bare' | 'refused';
  /** The words of the API server, when it refused; warnings, when the pod came back bare. */
  message: string;
}

export interface Facts {
  now: Date;
  /** Of doctor itself, which came with a version of the CRD. */
  operatorNamespace: string;
  /** The one injector that was asked for. */
  only?: string;
  server: {
    url: string;
    /** Why it does not answer. */
    error?: string;
    /** Such as `v1.36.2`. */
    version?: string;
    /** What time it is there, to the second, and how long the answer took in milliseconds. */
    clock?: { time: Date; tookMs: number };
  };
  lists: Lists;
  /** Rights that the operator's service account lacks; undefined where this could not be asked. */
  lacking?: readonly Right[];
  rightsHidden?: string;
  /** The pods' last words, by pod: of those that do not run. */
  logs: ReadonlyMap<string, string>;
  /** Workloads with an annotation of an injector on themselves, whole. */
  annotated: readonly Workload[];
  served: readonly Served[];
  probes: readonly Trial[];
  trials: readonly Trial[];
  /** Why there are no trials. */
  trialsHidden?: string;
}
