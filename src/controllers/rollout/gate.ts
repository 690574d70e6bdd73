/** When nothing may be restarted, whatever pods there are. */
import { modeOf } from '../../api/v1alpha1/defaults.ts';
import { findCondition } from '../../api/v1alpha1/conditions.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { Memory } from './memory.ts';

/**
 * Why not now; undefined when pods may be evicted. New pods must get the sidecar, or a rollout would only do harm.
 * @param now monotonic, in milliseconds
 */
export function closedBy(injector: SidecarInjector, memory: Memory, now: number, settleMs: number): string | undefined {
  const revision = injector.status?.template?.revision;
  if (memory.revision.value !== revision) memory.revision = { value: revision, since: now };
  if (modeOf(injector) !== 'Enforce') return `mode is ${modeOf(injector)}`;
  if (revision === undefined) return 'no template has been accepted yet';
  const ready = findCondition(injector.status?.conditions, 'Ready');
  if (ready?.status !== 'True' || ready.observedGeneration !== injector.metadata.generation) {
    return 'the injector is not Ready';
  }
  return now - memory.revision.since < settleMs ? 'the template in force has just changed' : undefined;
}
