import { negotiate, type Transform } from '../http/negotiation.ts';
import { notServed } from '../http/route.ts';
import type { JsonObject, Registry } from '../types.ts';
import { AGGREGATED_TYPE, aggregated } from './aggregated.ts';
import { apiGroup, groupsOf, resourceList } from './resources.ts';

/** An answer that is no object of a resource. */
export interface Document {
  contentType: string;
  body: JsonObject;
  yaml?: boolean;
}

const isAggregated = ({ kind, group, version }: Transform): boolean =>
  kind === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && version === 'v2';

const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0',
  gitTreeState: 'clean',
  goVersion: 'none',
  compiler: 'none',
  platform: 'in-memory',
};

/** What / lists (k8s.io/apiserver/pkg/server/routes/index.go). */
function rootPaths(registry: Registry): string[] {
  const groups = groupsOf(registry).flatMap(({ name, versions }) => {
    const root = name ? `/apis/${name}` : '/api';
    return [root, ...versions.map(({ version }) => `${root}/${version}`)];
  });
  const others = ['/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'];
  return [...others, ...groups].toSorted();
}

/**
 * Discovery and /version; undefined for other paths, and for groups that are not served.
 * @throws StatusError 404 for an unknown version of what is served by handlers of resources, 406
 */
export function discoveryDocument(registry: Registry, path: string, accept: string | undefined): Document | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const [root, group = '', version = ''] = parts;
  const isDiscovery = root === 'api' || root === 'apis';
  const { yaml, as } = isDiscovery
    ? negotiate(accept, (transform) => parts.length === 1 && isAggregated(transform))
    : { yaml: false };
  const json = (body: JsonObject): Document => ({
    contentType: yaml ? 'application/yaml' : 'application/json',
    body,
    yaml,
  });
  if (root === 'version' && parts.length === 1) return json(VERSION);
  if (root === undefined) return json({ paths: rootPaths(registry) });
  if (!isDiscovery || parts.length > 3) return undefined;
  const groups = groupsOf(registry);
  const core = groups.filter(({ name }) => name === '');
  const named = groups.filter(({ name }) => name !== '');
  if (parts.length === 1) {
    if (as) return { contentType: AGGREGATED_TYPE, body: aggregated(root === 'api' ? core : named) };
    if (root === 'apis')
      return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: named.map((each) => apiGroup(each)) });
    const addresses = [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }];
    return json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: addresses });
  }
  const name = root === 'api' ? '' : group;
  const wanted = root === 'api' ? group : version;
  const found = groups.find((each) => each.name === name);
  if (!found) return undefined;
  if (root === 'apis' && parts.length === 2) return json({ kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) });
  const served = found.versions.find((each) => each.version === wanted);
  if (parts.length !== (root === 'api' ? 2 : 3)) return undefined;
  if (served) return json(resourceList(name, wanted, served.resources));
  if (found.versions.some(({ resources }) => resources.some(({ custom }) => !custom))) throw notServed();
  return undefined;
}
