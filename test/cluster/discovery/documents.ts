import { parseAccept } from '../http/negotiation.ts';
import type { JsonObject, Registry } from '../types.ts';
import { AGGREGATED_TYPE, aggregated } from './aggregated.ts';
import { apiGroup, groupsOf, resourceList } from './resources.ts';

/** An answer that is no object of a resource. */
export interface Document {
  contentType: string;
  body: JsonObject;
}

function wantsAggregated(accept: string | undefined): boolean {
  const [first] = parseAccept(accept);
  return first?.parameters['as'] === 'APIGroupDiscoveryList' && first.parameters['v'] === 'v2';
}

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

/** Discovery and /version; undefined for other paths, and for groups and versions that are not served. */
export function discoveryDocument(registry: Registry, path: string, accept: string | undefined): Document | undefined {
  const json = (body: JsonObject): Document => ({ contentType: 'application/json', body });
  const parts = path.split('/').filter((part) => part !== '');
  const [root, group = '', version = ''] = parts;
  if (root === 'version' && parts.length === 1) return json(VERSION);
  if (root === undefined) return json({ paths: rootPaths(registry) });
  if ((root !== 'api' && root !== 'apis') || parts.length > 3) return undefined;
  const groups = groupsOf(registry);
  const core = groups.filter(({ name }) => name === '');
  const named = groups.filter(({ name }) => name !== '');
  if (parts.length === 1) {
    if (wantsAggregated(accept))
      return { contentType: AGGREGATED_TYPE, body: aggregated(root === 'api' ? core : named) };
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
  return served && parts.length === (root === 'api' ? 2 : 3)
    ? json(resourceList(name, wanted, served.resources))
    : undefined;
}
