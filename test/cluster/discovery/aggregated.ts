/** All groups, versions and resources in one document (apidiscovery.k8s.io/v2). */
import type { JsonObject, Resource } from '../types.ts';
import type { Group } from './resources.ts';

export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

function entry(resource: Resource): JsonObject {
  const responseKind = {
    group: resource.custom ? resource.group : '',
    version: resource.custom ? resource.version : '',
    kind: resource.kind,
  };
  const sorted = Object.entries(resource.subresources).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const subresources = sorted.map(([subresource, sub]) => ({
    subresource,
    responseKind:
      sub.group !== undefined
        ? { group: sub.group, version: sub.version ?? '', kind: sub.kind ?? '' }
        : { ...responseKind, kind: sub.kind ?? resource.kind },
    verbs: [...sub.verbs].toSorted(),
  }));
  return {
    resource: resource.plural,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: [...resource.verbs].toSorted(),
    ...(resource.shortNames.length > 0 ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories.length > 0 ? { categories: resource.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** APIGroupDiscoveryList of the given groups. */
export function aggregated(groups: Group[]): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: name ? { name } : {},
      versions: versions.map(({ version, resources }) => ({
        version,
        resources: resources.map((each) => entry(each)),
        freshness: 'Current',
      })),
    })),
  };
}
