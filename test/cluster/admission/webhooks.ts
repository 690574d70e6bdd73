/** Webhook configurations as the dispatcher reads them: defaulted, so hardly anything is optional. */
import type { LabelSelector } from '../selectors.ts';
import type { KubeObject } from '../types.ts';

export const ADMISSION_REGISTRATION = 'admissionregistration.k8s.io';

export interface Rule {
  operations: string[];
  apiGroups: string[];
  apiVersions: string[];
  resources: string[];
  scope?: string;
}

export interface MatchCondition {
  name: string;
  expression: string;
}

export interface ServiceReference {
  namespace: string;
  name: string;
  path?: string;
  port: number;
}

export interface ClientConfig {
  url?: string;
  service?: ServiceReference;
  /** PEM, base64. */
  caBundle?: string;
}

export interface Webhook {
  name: string;
  clientConfig: ClientConfig;
  rules?: Rule[];
  failurePolicy: 'Fail' | 'Ignore';
  matchPolicy: 'Exact' | 'Equivalent';
  namespaceSelector: LabelSelector;
  objectSelector: LabelSelector;
  sideEffects?: string;
  timeoutSeconds: number;
  admissionReviewVersions: string[];
  reinvocationPolicy?: 'Never' | 'IfNeeded';
  matchConditions?: MatchCondition[];
}

export function webhooksOf(configuration: KubeObject): Webhook[] {
  return (configuration['webhooks'] as Webhook[] | undefined) ?? [];
}

/** A webhook and the configuration it stands in. */
export interface Hook {
  webhook: Webhook;
  configuration: string;
  /** Its place among all webhooks, which audit annotations name. */
  index: number;
}
