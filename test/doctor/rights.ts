/** Rights of the operator that are taken away for a while. */
import { PROBE_NAMESPACE } from '../../src/api/v1alpha1/names.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { OPERATOR_NAMESPACE } from '../e2e/support/installation.ts';
import type { Bed } from './bed.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const PATHS = {
  ClusterRole: `${RBAC}/clusterroles/sidecar-injector-operator`,
  Role: `${RBAC}/namespaces/${OPERATOR_NAMESPACE}/roles/sidecar-injector-operator`,
  ProbeRole: `${RBAC}/namespaces/${PROBE_NAMESPACE}/roles/sidecar-injector-probe`,
};

interface Role extends KubeObject {
  rules: { resources: string[]; verbs: string[] }[];
}

const READING = new Set(['get', 'list', 'watch']);

/** Takes every right to write the resource; gives back what restores it. */
export const withoutRight = async (
  { client }: Bed,
  role: keyof typeof PATHS,
  resource: string,
): Promise<() => Promise<void>> => {
  const path = PATHS[role];
  const write = async (rules: Role['rules']): Promise<void> => {
    await client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { rules } });
  };
  const { rules } = await client.request<Role>({ path });
  const fewer = rules.flatMap((rule) => {
    if (!rule.resources.includes(resource)) return [rule];
    const verbs = rule.verbs.filter((verb) => READING.has(verb));
    return verbs.length === 0 ? [] : [{ ...rule, verbs }];
  });
  await write(fewer);
  return () => write(rules);
};
