/** What the rollout works with. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { CensusParts } from '../pods/census.ts';

/** In milliseconds. */
export interface RestartTiming {
  /** Between two looks while there is something to do: readiness is not watched. */
  everyMs: number;
  /** After a change of the template, every replica has read the new one by then. */
  settleMs: number;
  /** What a disruption budget or a missing right keeps from going is tried again after this. */
  holdMs: number;
}

/** As in life, or faster for tests. What spec.rollout promises is never faster. */
export function restartTiming(pace = 1): RestartTiming {
  const faster = Math.min(Math.max(1, pace), 10);
  return { everyMs: 5_000 / faster, settleMs: 5_000 / faster, holdMs: 10_000 / faster };
}

export interface RolloutContext extends CensusParts {
  client: KubeClient;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  restarts: RestartTiming;
  events: Pick<EventRecorder, 'record'>;
  /** The injector with the template that is served. */
  inForce: (injector: string) => SidecarInjector | undefined;
}
