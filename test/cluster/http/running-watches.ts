import type { Writable } from 'node:stream';
import { matches } from '../faults.ts';
import type { FaultMatch } from '../faults.ts';
import type { Registry, Resource } from '../types.ts';

interface Running {
  resource: Resource;
  namespace?: string;
}

/** The watches that are open, so that they can end with what they watch. */
export class RunningWatches {
  readonly #running = new Map<Writable, Running>();

  /** Remembers a watch until its connection closes. */
  add(sink: Writable, running: Running): void {
    this.#running.set(sink, running);
    sink.once('close', () => this.#running.delete(sink));
  }

  /** Cuts those that match; returns how many they were. */
  drop(match: FaultMatch): number {
    const hit = [...this.#running].filter(([, { resource, namespace }]) =>
      matches(match, {
        verb: 'watch',
        group: resource.group,
        resource: resource.plural,
        ...(namespace === undefined ? {} : { namespace }),
      }),
    );
    for (const [sink] of hit) sink.destroy();
    return hit.length;
  }

  /**
   * Ends those whose resource is no longer served, or served in another form: a changed or deleted definition closes the
   * watches of its custom resources (apiextensions-apiserver/pkg/apiserver/customresource_handler.go tearDown).
   */
  endUnserved(registry: Registry): void {
    for (const [sink, { resource }] of this.#running) {
      if (registry.find(resource.group, resource.version, resource.plural) !== resource) sink.end();
    }
  }
}
