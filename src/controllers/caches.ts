/** What every replica follows, leader or not. */
import { INJECTOR_LABEL, MANAGED_BY, MANAGED_BY_LABEL, SIGNER_OWN } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { ResourceCache, type CacheObserver, type CacheOptions } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import type {
  CertificateSigningRequest,
  KubeObject,
  MutatingWebhookConfiguration,
  Namespace,
  Secret,
  Service,
} from '../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../kube/resources.ts';
import type { Logger } from '../observe/log.ts';
import { AUTHORITY_SECRET } from './injector/authority.ts';
import { podScope } from './pods/keep.ts';
import { CONTROLLER_REVISIONS, type ControllerRevision } from './revisions.ts';

/** A SidecarInjector as it comes from the API server. */
export type InjectorObject = SidecarInjector & KubeObject;

export interface Caches {
  injectors: ResourceCache<InjectorObject>;
  /** Those of injectors, in the operator's namespace: not the one of the operator's own CA. */
  secrets: ResourceCache<Secret>;
  revisions: ResourceCache<ControllerRevision>;
  webhookConfigurations: ResourceCache<MutatingWebhookConfiguration>;
  services: ResourceCache<Service>;
  namespaces: ResourceCache<Namespace>;
}

export interface CacheSettings {
  client: KubeClient;
  /** The operator's own. */
  namespace: string;
  log: Logger;
  metrics: CacheObserver & { start(resource: string): void };
}

/** Selects what belongs to an injector. */
const OWNED = INJECTOR_LABEL;

function cacheOf<T extends KubeObject>(
  { client, log, metrics }: CacheSettings,
  resource: ResourceRef,
  scope: Pick<
    CacheOptions<T>,
    'namespace' | 'labelSelector' | 'fieldSelector' | 'metadataOnly' | 'slim' | 'indexers'
  > = {},
): ResourceCache<T> {
  metrics.start(resource.plural);
  return new ResourceCache<T>({ client, resource, log, metrics, ...scope });
}

/** Makes the caches; they are empty until they run. */
export function createCaches(settings: CacheSettings): Caches {
  const here = { namespace: settings.namespace, labelSelector: OWNED };
  return {
    injectors: cacheOf(settings, RESOURCES.sidecarInjectors),
    secrets: cacheOf(settings, RESOURCES.secrets, here),
    revisions: cacheOf(settings, CONTROLLER_REVISIONS, here),
    // All of them: spec.webhook.existingConfiguration may name any.
    webhookConfigurations: cacheOf(settings, RESOURCES.mutatingWebhookConfigurations),
    services: cacheOf(settings, RESOURCES.services, here),
    namespaces: cacheOf(settings, RESOURCES.namespaces, { metadataOnly: true }),
  };
}

/** The certificate requests of this operator, which only the leader follows. */
function createRequestCache(settings: CacheSettings): ResourceCache<CertificateSigningRequest> {
  return cacheOf(settings, RESOURCES.certificateSigningRequests, {
    labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}`,
  });
}

/** What only the leader follows. */
export interface LeaderCaches {
  /** The certificate requests of this operator. */
  requests: ResourceCache<CertificateSigningRequest>;
  /** Everything that is asked of the operator's own signer, by whomever. */
  ownSigner: ResourceCache<CertificateSigningRequest>;
  /** The Secret of the operator's authority; its key is not kept in memory. */
  authority: ResourceCache<Secret>;
  /** Metadata of all pods that have not ended, but for those in the network of their node. */
  pods: ResourceCache<KubeObject>;
  /** Metadata of those: whether a pod is one shows in its spec, and in a selector. */
  hostPods: ResourceCache<KubeObject>;
}

/** Makes new ones for each term. */
export function createLeaderCaches(settings: CacheSettings): LeaderCaches {
  const { namespace } = settings;
  return {
    requests: createRequestCache(settings),
    ownSigner: cacheOf(settings, RESOURCES.certificateSigningRequests, {
      fieldSelector: `spec.signerName=${SIGNER_OWN}`,
    }),
    authority: cacheOf(settings, RESOURCES.secrets, {
      namespace,
      fieldSelector: `metadata.name=${AUTHORITY_SECRET}`,
      metadataOnly: true,
    }),
    pods: cacheOf(settings, RESOURCES.pods, podScope(false)),
    hostPods: cacheOf(settings, RESOURCES.pods, podScope(true)),
  };
}
