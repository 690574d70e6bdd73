/** What is told of an injector: its status in short, and which replicas serve it. */
import { findCondition } from '../../api/v1alpha1/conditions.ts';
import { certificateOf, modeOf } from '../../api/v1alpha1/defaults.ts';
import type { Condition, PodCounts, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { readReport, REPORT_ANNOTATION, type ReplicaReport } from '../../domain/replica.ts';
import type { Lease } from '../../kube/objects.ts';

export interface ReplicaState {
  name: string;
  /** Whether it serves a certificate for the injector. */
  serves: boolean;
  /** Handshakes that API servers refused since it started. */
  refusals: number;
}

export interface InjectorSummary {
  name: string;
  mode: string;
  ready: string;
  signerName: string;
  notAfter?: string;
  renewalTime?: string;
  /** Where a change of the authority is; Stable while there is none. */
  rollover: string;
  /** Revision of the template in force. */
  revision?: string;
  pods?: PodCounts;
  /** Left out where the replicas cannot be looked at. */
  replicas?: ReplicaState[];
  /** The conditions that are not as they should be, the most telling first. */
  problems: { type: string; reason: string; message: string }[];
  conditions: Condition[];
}

/** A silent replica is taken for gone (controllers/serving/reporter.ts writes every 10 s); clocks may differ a little. */
const SILENT_MS = 60_000;

/** The reports of the replicas that live. */
export function liveReports(leases: readonly Lease[], now: Date): ReplicaReport[] {
  return leases
    .filter(({ spec }) => now.getTime() - Date.parse(spec?.renewTime ?? '') < SILENT_MS)
    .flatMap(({ metadata }) => readReport(metadata.annotations?.[REPORT_ANNOTATION]) ?? []);
}

/** @param reports undefined where they cannot be read */
export function summaryOf(injector: SidecarInjector, reports: readonly ReplicaReport[] | undefined): InjectorSummary {
  const { metadata, status = {} } = injector;
  const conditions = status.conditions ?? [];
  const { notAfter, renewalTime, signerName } = status.certificate ?? {};
  const revision = status.template?.revision;
  const replicas = reports?.map(({ replica, injectors }): ReplicaState => {
    const said = Object.hasOwn(injectors, metadata.name) ? injectors[metadata.name] : undefined;
    return { name: replica, serves: (said?.served ?? '') !== '', refusals: said?.refusals ?? 0 };
  });
  return {
    name: metadata.name,
    mode: modeOf(injector),
    ready: findCondition(conditions, 'Ready')?.status ?? 'Unknown',
    signerName: signerName ?? certificateOf(injector).signerName,
    ...(notAfter !== undefined && { notAfter }),
    ...(renewalTime !== undefined && { renewalTime }),
    rollover: rolloverOf(conditions),
    ...(revision !== undefined && { revision }),
    ...(status.pods !== undefined && { pods: status.pods }),
    ...(replicas !== undefined && { replicas }),
    problems: problemsOf(injector, conditions),
    conditions,
  };
}

/** The condition CertificateReady names the phase (domain/status.ts); the phase itself is in a Secret, which few may read. */
function rolloverOf(conditions: readonly Condition[]): string {
  const { message = '' } = findCondition(conditions, 'CertificateReady') ?? {};
  return /another authority comes in, (\w+)/.exec(message)?.[1] ?? 'Stable';
}

/** True is a trouble for these, and False for all others. */
const BAD_WHEN_TRUE = ['Stalled', 'Reconciling'];

function problemsOf({ metadata }: SidecarInjector, conditions: readonly Condition[]): InjectorSummary['problems'] {
  if (conditions.length === 0) {
    return [{ type: 'Ready', reason: 'NoStatus', message: 'the operator has not looked at it: does it run?' }];
  }
  const stale = conditions.some(({ observedGeneration = 0 }) => observedGeneration < (metadata.generation ?? 0));
  const told = conditions.filter(({ type, status }) =>
    BAD_WHEN_TRUE.includes(type) ? status === 'True' : status !== 'True',
  );
  const named = told.some(({ type, status }) => status === 'False' && type !== 'Ready');
  // Ready and Reconciling repeat what the others say.
  const problems = told.filter(({ type }) => !named || !['Ready', 'Reconciling', 'Stalled'].includes(type));
  return [
    ...(stale
      ? [{ type: 'Ready', reason: 'NotObserved', message: 'the operator has not looked at the last change yet' }]
      : []),
    ...problems
      .toSorted((a, b) => Number(a.status !== 'False') - Number(b.status !== 'False'))
      .map(({ type, reason, message }) => ({ type, reason, message })),
  ];
}
