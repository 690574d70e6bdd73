/** A controller of injectors that works when pods come and go. */
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { runController, type Reconcile } from '../../runtime/controller.ts';
import { WorkQueue } from '../../runtime/queue.ts';
import { followPods, type PodChanges } from './triggers.ts';

export interface PodLoop extends Omit<PodChanges, 'look'> {
  /** Of the controller and its queue. */
  name: string;
  /** How long to wait before an injector is looked at, in milliseconds. */
  waitMs: (injector: string) => number;
  reconcile: Reconcile;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Works, once all caches are synced, until the signal aborts. */
export async function runPodLoop(
  { name, caches, podCaches, selected, waitMs, reconcile, clock, log, metrics }: PodLoop,
  signal: AbortSignal,
): Promise<void> {
  const queue = new WorkQueue({ name, clock, observer: metrics.queue });
  metrics.startController(name);
  const look = (injector: string): void => queue.addAfter(injector, waitMs(injector));
  const stop = followPods({ caches, podCaches, selected, look });
  try {
    const needed = [caches.injectors, caches.namespaces, podCaches.pods, podCaches.hostPods];
    await Promise.all(needed.map((cache) => cache.whenSynced(signal)));
    const keys = (): string[] => caches.injectors.list().map(({ metadata }) => metadata.name);
    await runController({ name, queue, reconcile, keys, clock, log, observer: metrics.controller }, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stop();
    queue.close();
  }
}
