/**
 * The one table of reason codes. Logs, metrics, audit annotations, warnings and Events print these codes, and
 * docs/reference/reasons.md is made of this file. Part of the API: add, do not rename.
 */

/** What a decision does to a pod. */
export type Action = 'Inject' | 'Skip' | 'Reject';

export interface ReasonEntry {
  action: Action;
  /** What it means. */
  meaning: string;
  /** What to do about it; empty where nothing is to be done. */
  fix: string;
}

export const REASONS = {
  injected: { action: 'Inject', meaning: 'The template was added to the pod.', fix: '' },
  already_injected: {
    action: 'Skip',
    meaning: 'The pod already has everything that the template adds, judged by content, not by an annotation.',
    fix: '',
  },
  pod_not_need: {
    action: 'Skip',
    meaning: "The pod's annotation says that it wants no sidecar.",
    fix: 'Set the annotation to "true" to get one.',
  },
  pod_not_asked: {
    action: 'Skip',
    meaning: 'The pod has no annotation, and the policy is OptIn.',
    fix: 'Set the annotation of spec.selection.annotation to "true" on the pod (in a workload: on spec.template.metadata).',
  },
  would_inject: {
    action: 'Skip',
    meaning: 'The injector is in mode Audit: it decided to inject, and changed nothing.',
    fix: 'Set spec.mode to Enforce.',
  },
  paused: {
    action: 'Skip',
    meaning: 'The injector is in mode Paused: pods pass unchanged.',
    fix: 'Set spec.mode to Enforce.',
  },
  namespace_excluded: {
    action: 'Skip',
    meaning: "The namespace is never injected: kube-system, kube-node-lease, the probe's and the operator's own.",
    fix: 'Run the pod in another namespace.',
  },
  namespace_not_selected: {
    action: 'Skip',
    meaning: "The namespace's labels do not match spec.selection.namespaceSelector.",
    fix: 'Label the namespace.',
  },
  object_not_selected: {
    action: 'Skip',
    meaning: "The pod's labels do not match spec.selection.objectSelector.",
    fix: 'Label the pod.',
  },
  not_pod_creation: {
    action: 'Skip',
    meaning: 'The request is not the creation of a pod.',
    fix: '',
  },
  mirror_pod: {
    action: 'Skip',
    meaning: "The pod mirrors a static pod of a node's kubelet; changing the mirror changes nothing.",
    fix: "Change the static pod's manifest on the node.",
  },
  host_network: {
    action: 'Skip',
    meaning: "The pod uses the node's network, where a sidecar's ports would clash.",
    fix: 'Set spec.selection.allowHostNetwork to true if the sidecar can live there.',
  },
  pod_malformed: {
    action: 'Skip',
    meaning: 'The pod is not shaped as a Pod; the API server will say why.',
    fix: '',
  },
  conflict_skipped: {
    action: 'Skip',
    meaning:
      'A name, mount path or port that the template needs is taken, and onConflict is Skip or cannot replace it.',
    fix: 'Rename the one or the other, or set spec.injection.onConflict.',
  },
  conflict_rejected: {
    action: 'Reject',
    meaning: 'A name, mount path, port or variable that the template needs is taken, and onConflict is Reject.',
    fix: 'Rename the one or the other, or set spec.injection.onConflict.',
  },
  unknown_injector: {
    action: 'Skip',
    meaning: 'No SidecarInjector of this name is served here.',
    fix: 'If the SidecarInjector was deleted, delete the MutatingWebhookConfiguration that still calls it.',
  },
} as const satisfies Record<string, ReasonEntry>;

export type ReasonCode = keyof typeof REASONS;

export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[];

export function actionOf(reason: ReasonCode): Action {
  return REASONS[reason].action;
}
