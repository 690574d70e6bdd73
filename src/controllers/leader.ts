/** What the holder of the Lease does: follow the requests, and reconcile every injector. */
import { linkAbort } from '../kube/abort.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Clock } from '../runtime/clock.ts';
import { runController } from '../runtime/controller.ts';
import { WorkQueue } from '../runtime/queue.ts';
import type { OperatorFacts } from '../domain/plan-objects.ts';
import { ROLLOVER_TIMING, type RolloverTiming } from '../domain/rollover.ts';
import { injectorOf } from './owned.ts';
import type { Caches, LeaderCaches } from './caches.ts';
import { ensureAuthority } from './injector/authority.ts';
import { createInjectorReconcile } from './injector/controller.ts';
import { Replicas } from './injector/replicas.ts';
import { KnownViews } from './pods/census.ts';
import { countAll } from './pods/controller.ts';
import { Teller } from './pods/tell.ts';
import { restartTiming } from './rollout/context.ts';
import { rollOut } from './rollout/controller.ts';
import { queueChanges } from './injector/triggers.ts';
import { rememberUsername } from './injector/whoami.ts';
import { careForAuthority } from './signer/authority-care.ts';
import { denyStrangers } from './signer/strangers.ts';
import type { Serving } from './serving/serving.ts';

export interface LeadOptions {
  client: KubeClient;
  caches: Caches;
  /** New caches for each term: they are followed only while leading. */
  followed: () => LeaderCaches;
  serving: Serving;
  operator: OperatorFacts;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** How far the API servers' clock is ahead of ours, in milliseconds. */
  skewMs?: () => number;
  /** Default: as in life. */
  timing?: RolloverTiming | undefined;
  /** How many times faster than in life restarts are looked at; default 1. */
  pace?: number | undefined;
}

const NAME = 'injector';
const WORKERS = 4;

/** Leads until the signal aborts. */
export async function lead(options: LeadOptions, outer: AbortSignal): Promise<void> {
  const term = linkAbort(outer);
  const { signal } = term;
  const { client, caches, serving, clock, log, metrics } = options;
  const followed = options.followed();
  const { requests, ownSigner, authority } = followed;
  const username = rememberUsername(client);
  // A CA takes up to a second to make: it should be there before somebody waits for a certificate.
  const warm = ensureAuthority(options, signal).catch((error: unknown) => log.warn('no authority yet', { error }));
  const queue = new WorkQueue({ name: NAME, clock, observer: metrics.queue });
  metrics.startController(NAME);
  const stops = [
    queueChanges(caches, requests, serving, queue),
    denyStrangers({ client, requests: ownSigner, username, clock, log }, signal),
    careForAuthority({ ...options, secret: authority }, signal),
  ];
  const following = Promise.all(Object.values(followed).map((cache) => cache.run(signal)));
  try {
    await Promise.all([...Object.values(caches), requests].map((cache) => cache.whenSynced(signal)));
    await warm;
    const reconciling = runController(
      {
        name: NAME,
        queue,
        workers: WORKERS,
        // Objects whose injector is gone are looked at too: somebody may have been killed while cleaning up.
        keys: () => [
          ...caches.injectors.list().map(({ metadata }) => metadata.name),
          ...caches.webhookConfigurations.list().flatMap((object) => injectorOf(object) ?? []),
        ],
        reconcile: createInjectorReconcile({
          ...options,
          username,
          replicas: new Replicas({
            client,
            namespace: options.operator.namespace,
            self: (injector) => serving.report([injector]),
            clock,
          }),
          timing: options.timing ?? ROLLOVER_TIMING,
        }),
        clock,
        log,
        observer: metrics.controller,
      },
      signal,
    );
    const pods = {
      ...options,
      podCaches: followed,
      known: new KnownViews(),
      inForce: (name: string) => serving.injector(name),
      restarts: restartTiming(options.pace),
    };
    const teller = new Teller(pods);
    const counting = countAll({ ...pods, onCensus: (...census) => teller.note(...census) }, signal);
    await Promise.all([reconciling, counting, teller.run(signal), rollOut(pods, signal)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const stop of stops) stop();
    queue.close();
    term.abort(new Error('the term is over'));
    term.unlink();
    await following;
  }
}
