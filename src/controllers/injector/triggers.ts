/** Which injectors to look at when something changes. */
import { injectorsWith } from '../../domain/existing.ts';
import type { ResourceCache } from '../../kube/cache.ts';
import type { CertificateSigningRequest } from '../../kube/objects.ts';
import type { WorkQueue } from '../../runtime/queue.ts';
import { injectorOf } from '../owned.ts';
import type { Caches } from '../caches.ts';
import type { Serving } from '../serving/serving.ts';

/** Adds the keys of injectors to the queue. Returns the function that ends it. */
export function queueChanges(
  caches: Caches,
  requests: ResourceCache<CertificateSigningRequest>,
  serving: Serving,
  queue: Pick<WorkQueue, 'add'>,
): () => void {
  const add = (name: string | undefined): void => {
    if (name !== undefined) queue.add(name);
  };
  const stops = [
    serving.onChange(add),
    caches.injectors.onChange(({ object }) => add(object.metadata.name)),
    caches.secrets.onChange(({ object }) => add(injectorOf(object))),
    caches.services.onChange(({ object }) => add(injectorOf(object))),
    caches.revisions.onChange(({ object }) => add(injectorOf(object))),
    caches.webhookConfigurations.onChange(({ object }) => {
      add(injectorOf(object));
      for (const { metadata } of injectorsWith(caches.injectors.list(), object.metadata.name)) add(metadata.name);
    }),
    requests.onChange(({ object }) => add(injectorOf(object))),
    // Selectors may match other namespaces now.
    caches.namespaces.onChange(({ object, previous }) => {
      if (JSON.stringify(object.metadata.labels) === JSON.stringify(previous?.metadata.labels)) return;
      for (const { metadata } of caches.injectors.list()) add(metadata.name);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
