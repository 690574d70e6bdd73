/** Lists of groups and resources, each version of them on its own (k8s.io/apiserver/pkg/endpoints/discovery). */
import type { JsonObject, Registry, Resource } from '../types.ts';

export interface Group {
  name: string;
  /** Preferred version first. */
  versions: { version: string; resources: Resource[] }[];
}

/** `v1` of the core group, `apps/v1`. */
export function groupVersion(group: string, version: string): string {
  return group ? `${group}/${version}` : version;
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/v;

/** k8s.io/apimachinery/pkg/version CompareKubeAwareVersionStrings, greatest first. */
export function compareVersions(a: string, b: string): number {
  const rank = (text: string): number[] => {
    const match = VERSION.exec(text);
    if (!match) return [0, 0, 0];
    const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
    return [stability, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) {
    const difference = (right[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : Number(a > b);
}

/** All served groups in the order in which their first resource came; the core group has the name ''. */
export function groupsOf(registry: Registry): Group[] {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of registry.all()) {
    const versions = groups.get(resource.group) ?? new Map<string, Resource[]>();
    groups.set(resource.group, versions);
    versions.set(resource.version, [...(versions.get(resource.version) ?? []), resource]);
  }
  return [...groups].map(([name, versions]) => ({
    name,
    versions: [...versions]
      .map(([version, resources]) => ({ version, resources }))
      .toSorted((a, b) => compareVersions(a.version, b.version)),
  }));
}

/** APIGroup, as a document of its own or inside an APIGroupList. */
export function apiGroup({ name, versions }: Group): JsonObject {
  const shown = versions.map(({ version }) => ({ groupVersion: groupVersion(name, version), version }));
  return { name, versions: shown, preferredVersion: shown[0] };
}

function verbsOf(resource: Resource): string[] {
  return [...resource.verbs].toSorted();
}

function subresourceEntries(resource: Resource): JsonObject[] {
  return Object.entries(resource.subresources).map(([name, sub]) => ({
    name: `${resource.plural}/${name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...(sub.group !== undefined && sub.group !== resource.group ? { group: sub.group, version: sub.version } : {}),
    kind: sub.kind ?? resource.kind,
    verbs: [...sub.verbs].toSorted(),
  }));
}

/** APIResourceList of one version. */
export function resourceList(group: string, version: string, resources: Resource[]): JsonObject {
  return {
    kind: 'APIResourceList',
    // Kubernetes leaves apiVersion out of the list of the core group.
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: groupVersion(group, version),
    resources: resources.flatMap((resource) => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: verbsOf(resource),
        ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
      },
      ...subresourceEntries(resource),
    ]),
  };
}
