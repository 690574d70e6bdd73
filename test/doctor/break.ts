/** One way to break a running set-up, and what must be said about it. */
import type { KubeObject } from '../../src/kube/objects.ts';
import type { Bed } from './bed.ts';

export type Manifest = KubeObject & Record<string, unknown>;

export interface Break {
  name: string;
  /** The injector that it is about. */
  injector: string;
  /** Breaks it, and gives back what undoes that. */
  make: (bed: Bed) => Promise<() => Promise<unknown>>;
  /** What the operator says of it by itself. */
  condition?: { type: string; status: 'True' | 'False'; says: RegExp };
  /** Reason and note of an Event about the injector. */
  event?: RegExp;
  /** A line of doctor that names the cause: `SI062 fail sidecarinjector/x: words [evidence]`. */
  doctor: RegExp;
  /** The injector is there for this break alone. */
  brief?: true;
  /** It can be made in this kind of cluster only. */
  only?: 'inMemory';
}
