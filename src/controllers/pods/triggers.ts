/** Which injectors to count the pods of when something changes. Pods come by the thousand: namespaces are noted, not pods. */
import type { Caches, InjectorObject, LeaderCaches } from '../caches.ts';

/** Changes of so many milliseconds are looked at together. */
const TOGETHER_MS = 200;

export interface PodChanges {
  caches: Pick<Caches, 'injectors' | 'namespaces'>;
  podCaches: Pick<LeaderCaches, 'pods' | 'hostPods'>;
  /** The namespaces that the injector selected when last looked at; undefined where it was not. */
  selected: (injector: string) => ReadonlySet<string> | undefined;
  /** Called with the name of an injector; often. */
  look: (injector: string) => void;
}

/** Follows the caches. Returns the function that ends it. */
export function followPods({ caches, podCaches, selected, look }: PodChanges): () => void {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    for (const { metadata } of caches.injectors.list()) {
      const namespaces = selected(metadata.name);
      if (namespaces === undefined || intersect(namespaces, changed)) look(metadata.name);
    }
    changed.clear();
  };
  const note = ({ object }: { object: { metadata: { namespace?: string } } }): void => {
    changed.add(object.metadata.namespace ?? '');
    timer ??= setTimeout(flush, TOGETHER_MS);
  };
  const stops = [
    podCaches.pods.onChange(note),
    podCaches.hostPods.onChange(note),
    caches.injectors.onChange(({ type, object, previous }) => {
      if (type !== 'modified' || subject(object) !== subject(previous)) look(object.metadata.name);
    }),
    caches.namespaces.onChange(({ object, previous }) => {
      if (JSON.stringify(object.metadata.labels) === JSON.stringify(previous?.metadata.labels)) return;
      for (const { metadata } of caches.injectors.list()) look(metadata.name);
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const stop of stops) stop();
  };
}

/** What of an injector the counts depend on: most changes are those of its status. */
function subject(injector: InjectorObject | undefined): string {
  return JSON.stringify([injector?.metadata.uid, injector?.metadata.generation, injector?.status?.template?.revision]);
}

function intersect(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [small, large] = one.size < other.size ? [one, other] : [other, one];
  for (const value of small) if (large.has(value)) return true;
  return false;
}
