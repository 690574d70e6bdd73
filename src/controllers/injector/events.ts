/** What people read under `kubectl describe sidecarinjector`. */
import { Reason } from '../../api/v1alpha1/conditions.ts';
import type { SidecarInjector, SidecarInjectorStatus } from '../../api/v1alpha1/types.ts';
import type { EventInput } from '../../kube/events.ts';
import type { InjectorContext } from './context.ts';

export function recordEvent(
  { events }: Pick<InjectorContext, 'events'>,
  injector: SidecarInjector,
  event: Omit<EventInput, 'regarding' | 'related'>,
): void {
  const { apiVersion, kind, metadata } = injector;
  events.record({
    regarding: { apiVersion, kind, name: metadata.name, ...(metadata.uid && { uid: metadata.uid }) },
    ...event,
  });
}

/** Conditions whose change people want to hear of; the others follow from these. */
const TOLD: ReadonlySet<string> = new Set([
  'Ready',
  'Accepted',
  'CertificateReady',
  'InjectionVerified',
  'SelectorMatches',
]);

/** One Event for each condition that became true or false. */
export function recordTransitions(
  context: Pick<InjectorContext, 'events'>,
  injector: SidecarInjector,
  next: SidecarInjectorStatus,
): void {
  const before = new Map((injector.status?.conditions ?? []).map((condition) => [condition.type, condition]));
  for (const { type, status, reason, message } of next.conditions ?? []) {
    const old = before.get(type);
    const same = old?.status === status && old.reason === reason;
    // While things are being set up, "not yet" is no news.
    const setUp = old === undefined && status !== 'True' && reason !== 'TemplateRejected';
    const demotion = [reason, old?.reason].includes(Reason.FailurePolicyDemoted);
    if (!(TOLD.has(type) || demotion) || same || setUp || status === 'Unknown') continue;
    const kind = status === 'True' ? 'Normal' : 'Warning';
    recordEvent(context, injector, { type: kind, reason, action: type, note: `${type}: ${message}` });
  }
}
