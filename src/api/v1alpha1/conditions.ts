/** Condition types and reasons of a SidecarInjector, and the one way to set a condition. */
import type { Condition, ConditionStatus } from './types.ts';

export const ConditionType = {
  Ready: 'Ready',
  Accepted: 'Accepted',
  CertificateReady: 'CertificateReady',
  WebhookConfigured: 'WebhookConfigured',
  InjectionVerified: 'InjectionVerified',
  SelectorMatches: 'SelectorMatches',
  /** Present only while true. */
  Reconciling: 'Reconciling',
  /** Present only while true. */
  Stalled: 'Stalled',
} as const;
export type ConditionType = (typeof ConditionType)[keyof typeof ConditionType];

/** The condition of spec.rollout.mode Restart. It has a writer of its own, and is there only with that mode. */
export const ROLLED_OUT = 'RolledOut';

/** Reasons, by the condition that carries them. Part of the API: do not rename. */
export const Reason = {
  // Ready
  Ready: 'Ready',
  NotReady: 'NotReady',
  Paused: 'Paused',
  // Accepted
  TemplateAccepted: 'TemplateAccepted',
  TemplateRejected: 'TemplateRejected',
  TemplateNotTried: 'TemplateNotTried',
  // CertificateReady
  Issued: 'Issued',
  Pending: 'Pending',
  Denied: 'Denied',
  Failed: 'Failed',
  Expired: 'Expired',
  Invalid: 'Invalid',
  Renewing: 'Renewing',
  // WebhookConfigured
  Configured: 'Configured',
  NotConfigured: 'NotConfigured',
  WaitingForCertificate: 'WaitingForCertificate',
  WaitingForTemplate: 'WaitingForTemplate',
  FailurePolicyDemoted: 'FailurePolicyDemoted',
  // InjectionVerified
  ProbeSucceeded: 'ProbeSucceeded',
  ProbeFailed: 'ProbeFailed',
  NotProbed: 'NotProbed',
  // SelectorMatches
  NamespacesMatch: 'NamespacesMatch',
  NoNamespaceMatches: 'NoNamespaceMatches',
  // RolledOut
  UpToDate: 'UpToDate',
  Restarting: 'Restarting',
  Waiting: 'Waiting',
  NotPermitted: 'NotPermitted',
  NotHelping: 'NotHelping',
  NotRestartable: 'NotRestartable',
  // Reconciling, Stalled
  Progressing: 'Progressing',
  RetryingAfterError: 'RetryingAfterError',
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

export interface ConditionUpdate {
  type: string;
  status: ConditionStatus;
  reason: string;
  message: string;
}

/** Longest message that the CRD accepts (meta/v1 Condition: 32768 bytes); ours are cut far earlier. */
const MAX_MESSAGE = 1024;

/**
 * The conditions with one of them set, in their old order. `lastTransitionTime` moves only when the status changes, as
 * the API conventions ask; equal input gives back the same array, so that callers can compare by identity.
 */
export function setCondition(
  conditions: readonly Condition[],
  update: ConditionUpdate,
  generation: number,
  now: Date,
): readonly Condition[] {
  const message = update.message.length > MAX_MESSAGE ? `${update.message.slice(0, MAX_MESSAGE - 1)}…` : update.message;
  const index = conditions.findIndex((condition) => condition.type === update.type);
  const previous = conditions[index];
  const next: Condition = {
    type: update.type,
    status: update.status,
    observedGeneration: generation,
    lastTransitionTime:
      previous?.status === update.status ? previous.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`,
    reason: update.reason,
    message,
  };
  if (previous === undefined) return [...conditions, next];
  const same =
    previous.status === next.status &&
    previous.reason === next.reason &&
    previous.message === next.message &&
    previous.observedGeneration === generation;
  return same ? conditions : conditions.with(index, next);
}

/** The conditions without one type: for those that are present only while true. */
export function clearCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
