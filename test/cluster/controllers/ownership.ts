/** Who owns whom, kept up to date from the storage: the graph of pkg/controller/garbagecollector/graph.go. */
import type { KubeObject } from '../types.ts';

export interface Node {
  storageKey: string;
  object: KubeObject;
}

export class OwnershipGraph {
  readonly #nodes = new Map<string, Node>();
  readonly #dependents = new Map<string, Set<string>>();

  node(uid: string): Node | undefined {
    return this.#nodes.get(uid);
  }

  dependents(uid: string): Node[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  set(storageKey: string, object: KubeObject): void {
    const uid = object.metadata.uid ?? '';
    this.#unlink(uid);
    this.#nodes.set(uid, { storageKey, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
    }
  }

  delete(object: KubeObject): void {
    const uid = object.metadata.uid ?? '';
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#nodes.get(uid)?.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
