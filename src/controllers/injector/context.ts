/** What the reconciler of an injector works with. */
import type { OperatorFacts } from '../../domain/plan-objects.ts';
import type { ProbeFacts, TemplateFacts } from '../../domain/plan.ts';
import type { RolloverTiming } from '../../domain/rollover.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Caches, InjectorObject } from '../caches.ts';
import type { SecretState } from '../secret.ts';
import type { Serving } from '../serving/serving.ts';
import type { Pending } from './certificate.ts';
import type { Replicas } from './replicas.ts';
import type { RolloverMemory } from './rollover.ts';

export interface InjectorContext {
  client: KubeClient;
  caches: Caches;
  serving: Serving;
  operator: OperatorFacts;
  /** Who the operator is to the API server. */
  username: (signal: AbortSignal) => Promise<string>;
  events: Pick<EventRecorder, 'record'>;
  clock: Clock;
  log: Logger;
  metrics: Pick<Metrics, 'set' | 'count'>;
  replicas: Pick<Replicas, 'look'>;
  timing: RolloverTiming;
  /** How far the API servers' clock is ahead of ours, in milliseconds. Default: not at all. */
  skewMs?: () => number;
}

/** What is remembered of an injector between two looks at it. Losing it costs a trial and a probe, nothing else. */
export interface Memory {
  trial?: TemplateFacts['trial'];
  probe?: ProbeFacts;
  /** The API server refused our approval: until then others are waited for. */
  approvalRefused?: { message: string; until: Date };
  /** Probes in a row that failed for the same subject. */
  probeFailures: number;
  /** A probe has come back. */
  proven?: boolean;
  /** When the first probe of this subject was sent. */
  firstProbe?: Date;
  /** When something was repaired; as many as matter. */
  repairs: Date[];
  /** Objects that were seen: the status that names them may not have come back yet. */
  seen: { service: boolean; webhookConfiguration: boolean; request?: string | undefined };
  rollover: RolloverMemory;
  /** The injector as our last write of its status left it, until the cache has heard of that. */
  written?: InjectorObject;
  /** The newest state of the Secret of this uid. */
  newest?: { uid: string; state: SecretState };
  /** The request that was made of the pending key, and all that it was made of. */
  pending?: { from: string; pending: Pending };
  /** How far the wall clock was ahead of the monotonic one at the last look, in milliseconds. */
  wallAhead: number;
  /** It was told that clocks differ. */
  skewTold?: boolean;
}

export function nowOf(context: Pick<InjectorContext, 'clock'>): Date {
  return new Date(context.clock.now());
}
