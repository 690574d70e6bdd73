/**
 * failurePolicy Fail, and nobody who can answer: every pod of the selected namespaces would be refused. Then the written
 * configuration says Ignore until a probe pod has come back (reference/ops.md 1.4, 1.5). What counts is what an API server
 * says of its calls, for a while; not that a leader restarts, which knows of no call yet and changes nothing.
 */
import { webhookOf } from '../api/v1alpha1/defaults.ts';
import { webhookName } from '../api/v1alpha1/names.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { existingOf } from './existing.ts';
import { at, objectsAt } from './json.ts';
import type { Facts } from './plan.ts';
import { ROLLOVER_TIMING, type RolloverTiming } from './rollover.ts';

/** A Service takes some seconds to lead to a new replica: so much is no outage, however fast a test wants to be. */
const SHORTEST_PATIENCE_MS = 5000;

/** How long all calls must fail before the policy is given up: 30 s in life. */
export function patienceMs({ steadyMs }: RolloverTiming): number {
  return Math.max(SHORTEST_PATIENCE_MS, 3 * steadyMs);
}

/** Does the configuration wish to refuse pods that the webhook did not see? */
export function wantsFail(injector: SidecarInjector): boolean {
  return existingOf(injector) === undefined && webhookOf(injector).failurePolicy === 'Fail';
}

/** Why the configuration says Ignore though Fail is wanted; undefined while it says what is wanted. */
export function demotion(
  facts: Pick<Facts, 'injector' | 'probe' | 'rollover' | 'webhookConfiguration'>,
): string | undefined {
  const { injector, probe, rollover } = facts;
  if (!wantsFail(injector)) return undefined;
  const timing = rollover?.timing ?? ROLLOVER_TIMING;
  if (probe?.failingSince !== undefined) {
    const failingMs = probe.at.getTime() - probe.failingSince.getTime();
    if (failingMs >= patienceMs(timing))
      return `the API server has not been able to call the webhook since ${probe.failingSince.toISOString()}`;
  }
  if (!saysIgnore(facts)) return undefined;
  if (probe?.succeeded !== true) return 'no probe pod has come back yet';
  // Of two quick writes API servers may miss the second.
  const { unchangedForMs = Infinity } = rollover?.facts.published ?? {};
  return unchangedForMs < timing.spacingMs ? 'it was changed a moment ago' : undefined;
}

function saysIgnore({ injector, webhookConfiguration }: Pick<Facts, 'injector' | 'webhookConfiguration'>): boolean {
  const name = webhookName(injector.metadata.name);
  const stored = objectsAt(webhookConfiguration, ['webhooks']).find((webhook) => webhook['name'] === name);
  return at(stored, ['failurePolicy']) === 'Ignore';
}

/** The injector as its configuration is written now. */
export function asWritten(
  facts: Pick<Facts, 'injector' | 'probe' | 'rollover' | 'webhookConfiguration'>,
): SidecarInjector {
  const { injector } = facts;
  if (demotion(facts) === undefined) return injector;
  return { ...injector, spec: { ...injector.spec, webhook: { ...injector.spec.webhook, failurePolicy: 'Ignore' } } };
}

/** When to look whether Fail can be restored, where nothing but time is waited for. */
export function restoreAt(facts: Facts): Date | undefined {
  if (demotion(facts) === undefined || facts.probe?.succeeded !== true) return undefined;
  return new Date(facts.now.getTime() + (facts.rollover?.timing ?? ROLLOVER_TIMING).spacingMs);
}
