/** What every replica follows, leader or not. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { ResourceCache } from '../../kube/cache.ts';
import type { KubeObject, MutatingWebhookConfiguration, Namespace, Secret, Service } from '../../kube/objects.ts';
import type { ControllerRevision } from '../revisions.ts';

/** A SidecarInjector as it comes from the API server. */
export type InjectorObject = SidecarInjector & KubeObject;

export interface Caches {
  injectors: ResourceCache<InjectorObject>;
  /** Those of injectors, in the operator's namespace. */
  secrets: ResourceCache<Secret>;
  revisions: ResourceCache<ControllerRevision>;
  webhookConfigurations: ResourceCache<MutatingWebhookConfiguration>;
  services: ResourceCache<Service>;
  namespaces: ResourceCache<Namespace>;
}
