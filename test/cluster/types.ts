/**
 * The nouns of the in-memory cluster: what its parts hand to each other. Nothing here has behaviour.
 */

/** Any JSON object as it came over the wire. Unknown fields are kept. */
export type JsonObject = Record<string, unknown>;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: 'Apply' | 'Update';
  apiVersion?: string;
  time?: string;
  fieldsType?: 'FieldsV1';
  fieldsV1?: JsonObject;
  subresource?: string;
}

export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

/** A Kubernetes object as raw JSON. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** Who makes a request, as authentication found out. */
export interface User {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** field.Error of k8s.io/apimachinery/pkg/util/validation/field: one cause of a 422. */
export interface FieldError {
  type:
    | 'Required'
    | 'Invalid'
    | 'NotSupported'
    | 'Duplicate'
    | 'Forbidden'
    | 'TooLong'
    | 'TooMany'
    | 'TypeInvalid'
    | 'NotFound'
    | 'InternalError';
  field: string;
  value?: unknown;
  /** Detail; for NotSupported it is made from `supported`. */
  detail?: string;
  supported?: string[];
}

/** OpenAPI v3 schema as Kubernetes publishes it, with its extensions. */
export interface Schema {
  type?: string;
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  enum?: unknown[];
  default?: unknown;
  nullable?: boolean;
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'granular' | 'atomic';
  'x-kubernetes-patch-merge-key'?: string;
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-validations'?: JsonObject[];
  [keyword: string]: unknown;
}

/** What a write is about, while it is made. */
export interface WriteContext {
  user: User;
  namespace?: string;
  dryRun: boolean;
  subresource?: string;
  /** Adds a `Warning` header to the answer. */
  warn(text: string): void;
  /** The cluster's storage, for strategies that must look (allocated IPs, existing names). */
  store: ObjectStore;
  /** The instant of the request. */
  now: Date;
}

/**
 * The rules of one resource, in the order the API server runs them (k8s.io/apiserver/pkg/registry/rest):
 * defaults -> mutating admission -> prepare -> validate -> validating admission -> store.
 * All functions change the object in place; it is the caller's own copy.
 */
export interface Strategy {
  /** Defaulting of the versioned type; also runs on what is read back from a patch. */
  defaults?(object: KubeObject): void;
  prepareCreate?(object: KubeObject, context: WriteContext): void;
  validateCreate?(object: KubeObject, context: WriteContext): FieldError[];
  prepareUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): void;
  validateUpdate?(object: KubeObject, old: KubeObject, context: WriteContext): FieldError[];
  /** Warnings that a successful write earns (e.g. deprecated fields). */
  warnings?(object: KubeObject, old: KubeObject | undefined): string[];
  /** False: a PUT may not create the object; true for Lease, Event and others ("AllowCreateOnUpdate"). */
  createOnUpdate?: boolean;
  /** True: a PUT needs no resourceVersion ("AllowUnconditionalUpdate"). Default true. */
  unconditionalUpdate?: boolean;
  /** Grace period in seconds that a DELETE without one gets (pods: 30, when a node has them). */
  gracefulDelete?(object: KubeObject, requested: number | undefined): number;
  /** How metadata.generation moves: true when spec changed. Default: never for types without spec. */
  generationOn?(object: KubeObject, old: KubeObject): boolean;
  /**
   * For namespaces and CRDs, whose first DELETE only marks them: changes what else says so (phase, condition, finalizer).
   * The core sets deletionTimestamp and stores the object.
   */
  markDeleted?(object: KubeObject, context: WriteContext): void;
  /** True while something beside metadata.finalizers holds the object back (spec.finalizers of namespaces). */
  held?(object: KubeObject): boolean;
  /** DELETE answers with the object instead of a Status ("ReturnDeletedObject": pods, services, namespaces and others). */
  returnsDeleted?: boolean;
  /** fieldSelector keys beyond metadata.name and metadata.namespace. */
  selectableFields?: Record<string, (object: KubeObject) => string>;
}

export interface Column {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  /** The cell, as the API server's printers make it. */
  value(object: KubeObject, now: Date): unknown;
}

/** A subresource that reads or writes part of the same object (status, approval), with its own rules. */
export interface Subresource {
  kind?: string;
  group?: string;
  version?: string;
  verbs: string[];
  /** For status-like ones: the write strategy used instead of the resource's own. */
  strategy?: Strategy;
  /** For connect-like ones (token, eviction, binding, scale): handles POST/GET/PUT/PATCH by itself. */
  handle?(request: SubresourceRequest): Promise<{ status: number; body: unknown }>;
}

export interface SubresourceRequest {
  method: string;
  object: KubeObject;
  body: KubeObject | undefined;
  contentType: string;
  query: URLSearchParams;
  context: WriteContext;
  /** Admission of what is sent (a Scale), which a POST has behind it already. Gives back what is to be gone on with. */
  admit(object: KubeObject, old: KubeObject): Promise<KubeObject>;
  /** Goes through the normal update path of the parent (validation, storage); admission has seen what was sent. */
  update(change: (object: KubeObject) => void, subresource?: string): Promise<KubeObject>;
  /** Goes through the normal delete path of the parent, without admission. */
  remove(options: JsonObject): Promise<KubeObject>;
}

/** A served resource: built in, or made by a CustomResourceDefinition. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: string[];
  subresources: Record<string, Subresource>;
  strategy: Strategy;
  /** The type's schema; undefined only for virtual resources. Cheap to call twice. */
  schema(): Schema | undefined;
  columns: Column[];
  /** Not stored: POST is answered by this (SelfSubjectAccessReview, TokenReview). */
  virtual?(object: KubeObject, context: WriteContext): KubeObject;
  /**
   * For versions that share a storage key but not their fields (core and events.k8s.io events): an object as another version
   * stored it, in the form of this one.
   */
  convert?(object: KubeObject): KubeObject;
  /** How a body becomes an object; by default strictly by the schema (schema/decode.ts). Strict errors are unknown and duplicate fields. */
  decode?(source: string | JsonObject): { object: JsonObject; strictErrors: string[] };
  /** What reads show of a stored object: custom resources get the defaults that came after they were stored. Must not change it. */
  read?(object: KubeObject): KubeObject;
  /** Admission plugins that are about this resource only. */
  admission?: ResourceAdmission;
  /** The warning that every request earns, when this version is deprecated. */
  deprecation?: string;
  /** True when a CustomResourceDefinition made it. */
  custom?: boolean;
  /** Other served versions of the same group and plural share one storage key. */
  storageKey: string;
}

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
  /** The state before, to tell a selector's transitions. */
  previous?: KubeObject;
  resourceVersion: number;
  /** When it was stored, in milliseconds of performance.now(). */
  at?: number;
}

/** One revisioned key-value storage for all resources, like etcd. Objects handed out are frozen or copies: never change them. */
export interface ObjectStore {
  readonly revision: number;
  get(storageKey: string, namespace: string | undefined, name: string): KubeObject | undefined;
  list(storageKey: string, namespace?: string): KubeObject[];
  /** Throws a StatusError 409 AlreadyExists. Sets uid, creationTimestamp and resourceVersion. */
  create(storageKey: string, object: KubeObject): KubeObject;
  /** Compare-and-swap on resourceVersion of `old`; throws 409 Conflict. No write when nothing changed. */
  update(storageKey: string, object: KubeObject, old: KubeObject): KubeObject;
  remove(storageKey: string, object: KubeObject): KubeObject;
  /** Called synchronously after each write, in order. Returns the function that ends it. */
  subscribe(storageKey: string, listener: (event: WatchEvent) => void): () => void;
}

/**
 * Built-in admission plugins of one resource (ServiceAccount, Priority, DefaultTolerationSeconds for pods; CertificateApproval,
 * CertificateSigning, CertificateSubjectRestriction for CSRs). The admission chain calls `mutate` before the mutating webhooks
 * (and again when it reinvokes), `validate` before the validating ones. Both throw a StatusError to refuse.
 */
export interface ResourceAdmission {
  mutate?(
    attributes: AdmissionAttributes,
    cluster: { store: ObjectStore; authorizer: Authorizer },
  ): void | Promise<void>;
  validate?(attributes: AdmissionAttributes, cluster: { store: ObjectStore; authorizer: Authorizer }): void;
}

/** What admission is asked about one write (k8s.io/apiserver/pkg/admission.Attributes). */
export interface AdmissionAttributes {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  resource: Resource;
  subresource: string | undefined;
  /** Empty while generateName is not yet filled in. */
  name: string;
  namespace: string | undefined;
  object: KubeObject | undefined;
  oldObject: KubeObject | undefined;
  /** CreateOptions, UpdateOptions, DeleteOptions or PatchOptions as in the review. */
  options: JsonObject;
  dryRun: boolean;
  user: User;
  warn(text: string): void;
  /** Milliseconds since epoch by which the whole request must be answered (34 s). */
  deadline: number;
}

/** The admission chain: plugins and webhooks. Both throw StatusError to refuse. */
export interface Admission {
  /** Returns the (possibly new) object. The result has been defaulted again by `redefault`. */
  mutate(attributes: AdmissionAttributes, redefault: (object: KubeObject) => void): Promise<KubeObject | undefined>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}

export interface AccessAttributes {
  user: User;
  verb: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  /** For URLs that are no resources. */
  path?: string;
}

export interface Authorizer {
  /** The reason goes into SelfSubjectAccessReview.status.reason. */
  authorize(attributes: AccessAttributes): { allowed: boolean; reason: string };
}

/** All served resources. CRDs add and remove theirs while the server runs. */
export interface Registry {
  find(group: string, version: string, plural: string): Resource | undefined;
  findKind(group: string, version: string, kind: string): Resource | undefined;
  all(): Resource[];
  add(resource: Resource): void;
  remove(group: string, version: string, plural: string): void;
}

/** Controllers use the API in process, as a user with rights, through the whole write path. Raw JSON in and out. */
export interface LocalClient {
  request(
    method: string,
    path: string,
    body?: unknown,
    options?: { contentType?: string; user?: User },
  ): Promise<{ status: number; body: JsonObject }>;
}

/** What a controller of the cluster gets. It returns the function that stops it. */
export interface ControllerContext {
  store: ObjectStore;
  registry: Registry;
  client: LocalClient;
  /** Certificate authorities of the cluster; PEM. */
  clusterCA: { certificate: string; key: string };
}
export type Controller = (context: ControllerContext) => () => void;
