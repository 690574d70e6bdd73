/** What there is in a cluster, as names: to compare before and after. */

import type { KubeClient } from '../../../src/kube/client.ts';
import { list } from '../../../src/kube/verbs.ts';
import { identify } from './render.ts';

interface GroupList {
  groups: { name: string; preferredVersion: { version: string } }[];
}
interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

/** What happened is told for an hour, whoever it was told of. */
const PASSING = ['events'];

/** Every object of the cluster by kind, namespace and name, sorted; Events are left out. */
export const listingOf = async (client: KubeClient): Promise<string[]> => {
  const { groups } = await client.request<GroupList>({ path: '/apis' });
  const served = [
    { group: '', version: 'v1', path: '/api/v1' },
    ...groups.map(({ name, preferredVersion: { version } }) => ({
      group: name,
      version,
      path: `/apis/${name}/${version}`,
    })),
  ];
  const found: string[] = [];
  for (const { group, version, path } of served) {
    const { resources } = await client.request<ResourceList>({ path });
    for (const { name, kind, namespaced, verbs } of resources) {
      if (name.includes('/') || PASSING.includes(name) || !verbs.includes('list')) continue;
      const { items } = await list(client, { group, version, plural: name, namespaced, kind });
      found.push(...items.map((object) => `${group} ${identify(object)}`));
    }
  }
  return found.toSorted();
};
