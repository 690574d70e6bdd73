import type { Registry, Resource } from './types.ts';

const keyOf = (group: string, version: string, name: string): string => `${group}/${version}/${name}`;

/** The served resources, found by path or by kind. `changed` is called after each change. */
export function createRegistry(resources: Resource[], changed: () => void = () => {}): Registry {
  const byPath = new Map<string, Resource>();
  const byKind = new Map<string, Resource>();
  const add = (resource: Resource): void => {
    byPath.set(keyOf(resource.group, resource.version, resource.plural), resource);
    byKind.set(keyOf(resource.group, resource.version, resource.kind), resource);
  };
  for (const resource of resources) add(resource);
  return {
    find: (group, version, plural) => byPath.get(keyOf(group, version, plural)),
    findKind: (group, version, kind) => byKind.get(keyOf(group, version, kind)),
    all: () => [...byPath.values()],
    add(resource) {
      add(resource);
      changed();
    },
    remove(group, version, plural) {
      const resource = byPath.get(keyOf(group, version, plural));
      if (!resource) return;
      byPath.delete(keyOf(group, version, plural));
      byKind.delete(keyOf(group, version, resource.kind));
      changed();
    },
  };
}
