/**
 * The SidecarInjector API, `sidecarinjector.dev/v1alpha1`, as raw JSON: what the CRD describes and the API server stores.
 * Optional fields are those that the wire may leave out; `defaults.ts` fills them. Core types (Container, Volume) name
 * only the fields that this program reads; every other field is kept as it came.
 */

/** Any JSON object, its unknown fields kept. */
export type JsonObject = Record<string, unknown>;

/** core/v1 Container. */
export interface Container {
  name: string;
  image?: string;
  restartPolicy?: string;
  env?: NamedItem[];
  envFrom?: JsonObject[];
  ports?: ContainerPort[];
  volumeMounts?: VolumeMount[];
  [field: string]: unknown;
}

export interface NamedItem {
  name: string;
  [field: string]: unknown;
}

export interface ContainerPort {
  containerPort: number;
  protocol?: string;
  hostPort?: number;
  [field: string]: unknown;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  [field: string]: unknown;
}

export interface HostAlias {
  ip: string;
  hostnames?: string[];
}

/** meta/v1 LabelSelector. An empty one selects everything. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}

export type Mode = 'Enforce' | 'Audit' | 'Paused';
export type SelectionPolicy = 'OptIn' | 'OptOut';
export type SidecarMode = 'Container' | 'Native' | 'Auto';
export type Position = 'First' | 'Last' | 'Before' | 'After';
export type ConflictPolicy = 'Skip' | 'Replace' | 'Reject';
export type FailurePolicy = 'Ignore' | 'Fail';
export type ReinvocationPolicy = 'IfNeeded' | 'Never';

export interface Selection {
  namespaceSelector: LabelSelector;
  objectSelector?: LabelSelector;
  matchConditions?: { name: string; expression: string }[];
  policy?: SelectionPolicy;
  annotation?: string;
  statusAnnotation?: string;
  allowHostNetwork?: boolean;
}

/** What the pod's own containers get. Names may have the wildcards `*` and `?`. */
export interface AppContainers {
  names?: string[];
  env?: NamedItem[];
  envFrom?: JsonObject[];
  volumeMounts?: VolumeMount[];
}

/** What is added to a pod. */
export interface Template {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  initContainers?: Container[];
  containers?: Container[];
  volumes?: NamedItem[];
  imagePullSecrets?: NamedItem[];
  hostAliases?: HostAlias[];
  appContainers?: AppContainers;
}

export interface InjectionOptions {
  sidecarMode?: SidecarMode;
  /** Unset: native sidecars first, everything else last. */
  position?: Position;
  anchor?: string;
  onConflict?: ConflictPolicy;
}

/** One annotation by which a pod sets one field of the template; domain/override-path.ts says which fields there are. */
export interface Override {
  annotation: string;
  path: string;
  type: 'string' | 'integer' | 'boolean' | 'quantity';
  /** A whole number or a quantity. */
  min?: number | string;
  max?: number | string;
  maxLength?: number;
  enum?: string[];
}

export interface Rollout {
  mode?: 'Off' | 'Restart';
  maxUnavailable?: number | string;
  maxPerMinute?: number;
}

export interface WebhookOptions {
  failurePolicy?: FailurePolicy;
  timeoutSeconds?: number;
  reinvocationPolicy?: ReinvocationPolicy;
  existingConfiguration?: string;
}

/** Where the CA certificates of a signer are: exactly one of the three. */
export interface CABundleSource {
  configMap?: KeySelector;
  secret?: KeySelector;
  /** PEM. */
  inline?: string;
}

export interface KeySelector {
  /** Unset: that of the operator. */
  namespace?: string;
  name: string;
  /** Unset: `ca.crt`. */
  key?: string;
}

export interface CertificateOptions {
  signerName?: string;
  /** Go duration of hours, minutes and seconds. */
  duration?: string;
  /** Go duration; unset: a third of the lifetime that the signer gave. */
  renewBefore?: string;
  keySize?: number;
  caBundleFrom?: CABundleSource;
}

export interface SidecarInjectorSpec {
  mode?: Mode;
  selection: Selection;
  template: Template;
  injection?: InjectionOptions;
  overrides?: Override[];
  rollout?: Rollout;
  webhook?: WebhookOptions;
  certificate?: CertificateOptions;
}

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** meta/v1 Condition. */
export interface Condition {
  type: string;
  status: ConditionStatus;
  observedGeneration?: number;
  /** RFC 3339, seconds. */
  lastTransitionTime: string;
  reason: string;
  message: string;
}

export interface CertificateStatus {
  signerName?: string;
  serialNumber?: string;
  notBefore?: string;
  notAfter?: string;
  renewalTime?: string;
  secretName?: string;
  requestName?: string;
  /** SHA-256 fingerprints of the CAs in the published caBundle. */
  trustedCAs?: string[];
}

export interface SidecarInjectorStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  certificate?: CertificateStatus;
  webhook?: { configurationName?: string; serviceName?: string; path?: string };
  template?: { revision?: string; acceptedGeneration?: number };
  pods?: PodCounts;
  rollout?: RolloutStatus;
}

/** Pods by what became of them: of the `matched`, some are `injected` and some `missed`; of the injected, some are `outdated`. */
export interface PodCounts {
  matched: number;
  injected: number;
  outdated: number;
  missed: number;
}

/** What is remembered of evictions, so that another leader goes on where this one stopped. */
export interface RolloutStatus {
  /** RFC 3339, seconds. */
  lastEvictionTime?: string;
  /** Pods that were evicted in the minute that ended then. */
  lastMinuteEvictions?: number;
  /** Workloads with a pod that was evicted and has not come back as it should. */
  attempts?: RolloutAttempt[];
}

export interface RolloutAttempt {
  namespace: string;
  kind: string;
  name: string;
  uid: string;
  /** The template's revision that the new pods should have. */
  revision: string;
  /** When its first pod was evicted. RFC 3339, seconds. */
  startTime: string;
  /** Age of its youngest pod at that time: younger ones came instead of the evicted. RFC 3339, seconds. */
  newestPodTime?: string;
  /** How many of its pods have been evicted since. */
  evicted?: number;
  /** How many of its pods were down before. */
  downBefore?: number;
  /** How often its new pods came back no better. */
  failures?: number;
  /** Until then it is left alone. RFC 3339, seconds. */
  retryTime?: string;
}

export interface SidecarInjectorMeta {
  name: string;
  uid?: string;
  generation?: number;
  resourceVersion?: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
}

export interface SidecarInjector {
  apiVersion: 'sidecarinjector.dev/v1alpha1';
  kind: 'SidecarInjector';
  metadata: SidecarInjectorMeta;
  spec: SidecarInjectorSpec;
  status?: SidecarInjectorStatus;
}
