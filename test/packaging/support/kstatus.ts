/**
 * The status that Flux, kpt and Helm compute of a custom resource: github.com/kubernetes-sigs/cli-utils pkg/kstatus, README
 * "Conditions" and status/generic.go, in this order.
 */

export interface KstatusObject {
  metadata: { generation?: number; deletionTimestamp?: string };
  status?: { observedGeneration?: number; conditions?: { type: string; status: string }[] };
}

export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export const kstatusOf = ({ metadata, status = {} }: KstatusObject): Kstatus => {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { observedGeneration, conditions = [] } = status;
  if (observedGeneration !== undefined && observedGeneration !== metadata.generation) return 'InProgress';
  const is = (type: string, wanted: string): boolean =>
    conditions.some((condition) => condition.type === type && condition.status === wanted);
  if (is('Reconciling', 'True')) return 'InProgress';
  if (is('Stalled', 'True')) return 'Failed';
  if (is('Ready', 'False') || is('Ready', 'Unknown')) return 'InProgress';
  return 'Current';
};
