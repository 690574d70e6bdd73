/** The admission chain: built-in plugins, policies and webhooks, in the order of the real one. */
import { refuseEscalation } from '../auth/escalation.ts';
import { copy } from '../storage/json.ts';
import { LateView } from '../storage/late-view.ts';
import type { Admission, Authorizer, KubeObject, ObjectStore, Registry } from '../types.ts';
import { AuditLog } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import { WebhookClients } from './client.ts';
import type { ResolveService } from './client.ts';
import { isExempt, sceneOf } from './match.ts';
import { callMutatingWebhooks } from './mutating.ts';
import { applyPolicies } from './policies.ts';
import { serviceResolver } from './services.ts';
import { ConfigurationCache, configurationKey } from './source.ts';
import { callValidatingWebhooks } from './validating.ts';

export interface AdmissionOptions {
  store: ObjectStore;
  registry: Registry;
  authorizer: Authorizer;
  /** Where Services lead; by default to the ready pods that they select. */
  resolveService?: ResolveService;
  /** How late changes of webhook configurations, policies and namespaces come into force. A function is asked at each change. Default 0. */
  configurationLagMs?: number | (() => number);
  /** The second of two changes of a webhook configuration within this time is missed until the next: a race in Kubernetes. Default 0. */
  configurationRaceMs?: number;
  /** How late changes of pods and Services come to what balances the calls, as through kube-proxy. Default 0. */
  endpointLagMs?: number;
  /** Every connection to a webhook ends with its first answer, which hides no mistake in the order of a rotation. */
  closeConnections?: boolean;
}

const CONFIGURATIONS = [
  'mutatingwebhookconfigurations',
  'validatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
] as const;
const ENDPOINTS = ['pods', 'services', 'endpointslices.discovery.k8s.io'];

/** Admission, with what tests look at. */
export interface ClusterAdmission extends Admission {
  /** The last requests that webhooks or policies annotated. */
  readonly audit: readonly AuditEntry[];
  /** Ends caches and connections. */
  close(): void;
}

export function createAdmission(options: AdmissionOptions): ClusterAdmission {
  const { store, registry, authorizer, configurationLagMs = 0, endpointLagMs = 0, closeConnections = false } = options;
  const { configurationRaceMs = 0 } = options;
  const lag = typeof configurationLagMs === 'function' ? configurationLagMs : () => configurationLagMs;
  const view = new LateView(store, [...CONFIGURATIONS.map(configurationKey), 'namespaces'], lag);
  const [mutating, validating, policies, bindings] = CONFIGURATIONS.map(
    (plural) => new ConfigurationCache(view, plural, configurationRaceMs),
  ) as [ConfigurationCache, ConfigurationCache, ConfigurationCache, ConfigurationCache];
  const endpoints = new LateView(store, endpointLagMs > 0 ? ENDPOINTS : [], () => endpointLagMs);
  const clients = new WebhookClients(options.resolveService ?? serviceResolver(endpoints), { closeConnections });
  const log = new AuditLog();
  return {
    audit: log.entries,
    close() {
      for (const each of [mutating, validating, policies, bindings, view, endpoints]) each.close();
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
      const dispatch = { ...sceneOf(attributes, view, registry), clients, authorizer };
      return callMutatingWebhooks(
        current,
        mutating.hooks(attributes.resource.plural),
        dispatch,
        trail,
        redefault,
        plugins,
      );
    },
    async validate(attributes) {
      attributes.resource.admission?.validate?.(attributes, { store, authorizer });
      if (isExempt(attributes)) return;
      const trail = log.start('validating', attributes);
      const dispatch = { ...sceneOf(attributes, view, registry), clients, authorizer };
      applyPolicies(attributes, policies.list(), bindings.list(), dispatch, trail);
      await callValidatingWebhooks(attributes, validating.hooks(attributes.resource.plural), dispatch, trail);
    },
  };
}

export type { AuditEntry } from './audit.ts';
export type { Endpoint, ResolveService } from './client.ts';
export { mutatingWebhookConfigurationRules, validatingWebhookConfigurationRules } from './configuration.ts';
export { validatingAdmissionPolicyBindingRules, validatingAdmissionPolicyRules } from './policy-configuration.ts';
export { serviceResolver } from './services.ts';
