/** The admission chain: built-in plugins, policies and webhooks, in the order of the real one. */
import { refuseEscalation } from '../auth/escalation.ts';
import { copy } from '../storage/json.ts';
import type { Admission, Authorizer, KubeObject, ObjectStore, Registry } from '../types.ts';
import { AuditLog } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import { WebhookClients } from './client.ts';
import type { ResolveService } from './client.ts';
import { isExempt, sceneOf } from './match.ts';
import { callMutatingWebhooks } from './mutating.ts';
import { applyPolicies } from './policies.ts';
import { serviceResolver } from './services.ts';
import { ConfigurationCache } from './source.ts';
import { callValidatingWebhooks } from './validating.ts';

export interface AdmissionOptions {
  store: ObjectStore;
  registry: Registry;
  authorizer: Authorizer;
  /** Where Services lead; by default to the ready pods that they select. */
  resolveService?: ResolveService;
  /** How late changes of webhook configurations and policies come into force. A function is asked at each change. Default 0. */
  configurationLagMs?: number | (() => number);
}

/** Admission, with what tests look at. */
export interface ClusterAdmission extends Admission {
  /** The last requests that webhooks or policies annotated. */
  readonly audit: readonly AuditEntry[];
  /** Ends caches and connections. */
  close(): void;
}

export function createAdmission(options: AdmissionOptions): ClusterAdmission {
  const { store, registry, authorizer, resolveService = serviceResolver(store), configurationLagMs = 0 } = options;
  const lag = typeof configurationLagMs === 'function' ? configurationLagMs : () => configurationLagMs;
  const cache = (plural: string): ConfigurationCache => new ConfigurationCache(store, plural, lag);
  const mutating = cache('mutatingwebhookconfigurations');
  const validating = cache('validatingwebhookconfigurations');
  const policies = cache('validatingadmissionpolicies');
  const bindings = cache('validatingadmissionpolicybindings');
  const clients = new WebhookClients(resolveService);
  const log = new AuditLog();
  return {
    audit: log.entries,
    close() {
      for (const each of [mutating, validating, policies, bindings]) each.close();
      clients.close();
    },
    async mutate(attributes, redefault) {
      refuseEscalation(attributes, store, authorizer);
      const object = attributes.object && copy(attributes.object);
      const current = { ...attributes, object };
      const plugins = async (changed: KubeObject): Promise<void> =>
        attributes.resource.admission?.mutate?.({ ...attributes, object: changed }, { store, authorizer });
      if (object) await plugins(object);
      if (isExempt(attributes)) return object;
      const trail = log.start('mutating', attributes);
      const dispatch = { ...sceneOf(attributes, store, registry), clients, authorizer };
      return callMutatingWebhooks(current, mutating.hooks(), dispatch, trail, redefault, plugins);
    },
    async validate(attributes) {
      attributes.resource.admission?.validate?.(attributes, { store, authorizer });
      if (isExempt(attributes)) return;
      const trail = log.start('validating', attributes);
      const dispatch = { ...sceneOf(attributes, store, registry), clients, authorizer };
      applyPolicies(attributes, policies.list(), bindings.list(), dispatch, trail);
      await callValidatingWebhooks(attributes, validating.hooks(), dispatch, trail);
    },
  };
}

export type { AuditEntry } from './audit.ts';
export type { Endpoint, ResolveService } from './client.ts';
export { mutatingWebhookConfigurationRules, validatingWebhookConfigurationRules } from './configuration.ts';
export { validatingAdmissionPolicyBindingRules, validatingAdmissionPolicyRules } from './policy-configuration.ts';
export { serviceResolver } from './services.ts';
