/** What the leader counts and measures of an injector. */
import type { SidecarInjector, SidecarInjectorStatus } from '../../api/v1alpha1/types.ts';
import type { Facts } from '../../domain/plan.ts';
import { phaseOf } from '../../domain/rollover.ts';
import { PHASES, type StepName } from '../../domain/steps.ts';
import { isConflict } from '../../kube/errors.ts';
import type { InjectorContext } from './context.ts';

type Measured = Pick<InjectorContext, 'metrics'>;

/** Counts a step that failed. A conflict is no failure: somebody else was faster. */
export function countFailure(
  { metrics }: Measured,
  { metadata }: SidecarInjector,
  step: StepName,
  error: unknown,
): void {
  if (!isConflict(error)) metrics.count('step_failures_total', { injector: metadata.name, step });
}

/** Sets the gauges of an injector. Without facts, something kept the operator from looking: what was known stays. */
export function measure(
  { metrics }: Measured,
  injector: string,
  status: SidecarInjectorStatus,
  facts: Facts | undefined,
): void {
  const ready = status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  metrics.set('injector_ready', { injector }, ready ? 1 : 0);
  if (facts === undefined) return;
  const now = facts.rollover === undefined ? 'Stable' : phaseOf(facts.rollover.facts);
  for (const phase of PHASES) metrics.set('rollover_phase', { injector, phase }, phase === now ? 1 : 0);
  const { identity } = facts;
  if (identity === undefined) return;
  const seconds = (date: Date): number => date.getTime() / 1000;
  metrics.set('certificate_expiry_timestamp_seconds', { injector }, seconds(identity.notAfter));
  metrics.set('certificate_renewal_timestamp_seconds', { injector }, seconds(identity.renewalTime));
  const ends = identity.anchors.map(({ notAfter }) => seconds(notAfter));
  if (ends.length > 0) metrics.set('certificate_authority_expiry_timestamp_seconds', { injector }, Math.max(...ends));
}
