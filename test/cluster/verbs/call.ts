/** One request for a resource, and what the verbs need to answer it. */
import type { GroupKind, StatusBody } from '../status.ts';
import { copy } from '../storage/json.ts';
import type { Store } from '../storage/store.ts';
import type {
  Admission,
  AdmissionAttributes,
  Authorizer,
  JsonObject,
  KubeObject,
  Registry,
  Resource,
  Strategy,
  Subresource,
  User,
  WriteContext,
} from '../types.ts';

/** The parts of the cluster that verbs work with. */
export interface Parts {
  store: Store;
  registry: Registry;
  admission: Admission;
  authorizer: Authorizer;
  /** How late the watches of this server tell what happened. Default 0. */
  watchLagMs?: number;
}

export interface Call {
  parts: Parts;
  resource: Resource;
  subresource?: string;
  /** Absent for cluster-scoped resources and for lists over all namespaces. */
  namespace?: string;
  /** Empty for collections. */
  name: string;
  query: URLSearchParams;
  contentType: string;
  userAgent: string;
  body: Buffer;
  user: User;
  /** Adds a `Warning` header to the answer. */
  warn: (text: string) => void;
  /** Milliseconds since epoch by which the request must be answered. */
  deadline: number;
  now: Date;
}

/** What a verb answers: an object, a list, or a Status. */
export interface Outcome {
  status: number;
  body: KubeObject | StatusBody | JsonObject;
}

/** The rules for this write: the subresource's own, or the resource's. */
export function strategyOf(call: Call): Strategy {
  return subresourceOf(call)?.strategy ?? call.resource.strategy;
}

export function subresourceOf(call: Call): Subresource | undefined {
  const { subresource, resource } = call;
  return subresource !== undefined && Object.hasOwn(resource.subresources, subresource)
    ? resource.subresources[subresource]
    : undefined;
}

export function writeContext(call: Call, dryRun: boolean): WriteContext {
  return {
    user: call.user,
    ...(call.namespace === undefined ? {} : { namespace: call.namespace }),
    dryRun,
    ...(call.subresource === undefined ? {} : { subresource: call.subresource }),
    warn: call.warn,
    store: call.parts.store,
    now: call.now,
  };
}

/** The attributes of a write for admission. */
export function attributesOf(
  call: Call,
  operation: AdmissionAttributes['operation'],
  given: {
    name?: string;
    object?: KubeObject | undefined;
    oldObject?: KubeObject | undefined;
    options: JsonObject;
    dryRun: boolean;
  },
): AdmissionAttributes {
  const name = given.name ?? call.name;
  return {
    operation,
    resource: call.resource,
    subresource: call.subresource,
    name,
    // A namespace is its own (endpoints/handlers/create.go, request/requestinfo.go).
    namespace: call.resource.storageKey === 'namespaces' && name ? name : call.namespace,
    object: given.object,
    oldObject: given.oldObject,
    options: given.options,
    dryRun: given.dryRun,
    user: call.user,
    warn: call.warn,
    deadline: call.deadline,
  };
}

/** A stored object as this version of the resource shows it: versions of one resource share their storage. */
export function inVersion(resource: Resource, stored: KubeObject): KubeObject {
  const apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
  const own = stored.apiVersion === apiVersion && stored.kind === resource.kind;
  const object = own ? stored : { ...(resource.convert?.(copy(stored)) ?? stored), apiVersion, kind: resource.kind };
  return resource.read?.(object) ?? object;
}

/** What a 422 calls the object: custom resources are called what they call themselves. */
export function kindOf({ plural, storageKey }: Resource, object: KubeObject): GroupKind {
  // Refusals name the internal type, of which there is one for all groups that show it: events are core's.
  return { group: storageKey.slice(plural.length + 1), kind: object.kind };
}

/** The manager's name for managedFields: the option, else the first word of the user agent (handlers/create.go). */
export function managerOf(call: Call, fieldManager: string): string {
  return fieldManager || (call.userAgent.split('/')[0] ?? '').slice(0, 128);
}
