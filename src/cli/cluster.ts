/** The cluster that a command asks: the flags of kubectl, and the client that they lead to. */
import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { loadKubeConfig } from '../kube/connection.ts';
import { oneLine } from '../domain/warnings.ts';
import { RESOURCES, type ResourceRef } from '../kube/resources.ts';
import { list } from '../kube/verbs.ts';
import type { Io } from './command.ts';
import type { Given, Option } from './options.ts';

/** Where the operator is when nothing else is said (config/namespaces). */
const OPERATOR_NAMESPACE = 'sidecar-injector-system';

/** For every command that asks a cluster. */
export const CLUSTER_OPTIONS: Record<string, Option> = {
  context: { value: 'NAME', names: 'context', help: 'context of the kubeconfig to use; default the current one' },
  kubeconfig: {
    value: 'FILE',
    names: 'file',
    help: 'kubeconfig to use; default the files of KUBECONFIG, or ~/.kube/config',
  },
  'request-timeout': { value: 'TIME', help: 'limit of each call, such as 5s or 1m; default 30s, 0 for none' },
  'operator-namespace': {
    value: 'NAME',
    names: 'namespace',
    help: `where the operator runs; default ${OPERATOR_NAMESPACE}`,
  },
};

/** For commands about objects in namespaces. */
export const NAMESPACE_OPTION: Record<string, Option> = {
  namespace: {
    short: 'n',
    value: 'NAME',
    names: 'namespace',
    help: "namespace; default that of the kubeconfig's context",
  },
};
export const ALL_NAMESPACES_OPTION: Record<string, Option> = {
  'all-namespaces': { short: 'A', help: 'all namespaces' },
};

export interface Cluster {
  readonly client: KubeClient;
  /** By -n, or by the context, or `default`. */
  readonly namespace: string;
  readonly allNamespaces: boolean;
  readonly operatorNamespace: string;
}

/** Milliseconds of a `--request-timeout`: seconds, or a Go duration of hours, minutes, seconds and ms; undefined for neither. */
export function parseTimeout(text: string): number | undefined {
  if (/^\d{1,7}$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d{1,7}(?:\.\d+)?)(h|ms|m|s)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0), 0);
}

/** What is wrong with the flags of the cluster; for a command's `check`. */
export function clusterProblems(given: Given): string[] {
  const timeout = given.one('request-timeout', '30s');
  return parseTimeout(timeout) === undefined ? [`--request-timeout ${timeout} is not a time such as 5s or 1m`] : [];
}

/** The longest that a timer of Node can wait: for no limit. */
const NO_LIMIT_MS = 2_147_483_647;

/** Runs something with a client of the cluster that the flags name. Warnings of the API server go to stderr, as with kubectl. */
export async function withCluster<T>(io: Io, given: Given, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  const flag = (name: string): string | undefined => given.all(name).at(-1);
  const timeoutMs = parseTimeout(given.one('request-timeout', '30s')) || NO_LIMIT_MS;
  const client = createKubeClient({
    load: loadKubeConfig(flag('kubeconfig'), flag('context')),
    timeoutMs,
    onWarning: (text) => void io.stderr.write(`Warning: ${oneLine(text, 1000)}\n`),
  });
  try {
    return await run({
      client,
      namespace: flag('namespace') ?? client.namespace ?? 'default',
      allNamespaces: given.on('all-namespaces'),
      operatorNamespace: given.one('operator-namespace', OPERATOR_NAMESPACE),
    });
  } finally {
    await client.close();
  }
}

/** The names of all objects of a kind, for completion. */
export function namesOf(io: Io, given: Given, resource: ResourceRef): Promise<string[]> {
  return withCluster(io, given, async ({ client, namespace }) => {
    const options = { metadataOnly: true, ...(resource.namespaced && { namespace }), retries: 0 };
    const { items } = await list(client, resource, options);
    return items.map(({ metadata }) => metadata.name);
  });
}

/** For commands whose first word is a SidecarInjector. */
export async function completeInjector(io: Io, given: Given): Promise<string[]> {
  return given.words.length > 0 ? [] : namesOf(io, given, RESOURCES.sidecarInjectors);
}

/** The contexts of the kubeconfig. */
export function contextNames(given: Given): string[] {
  return loadKubeConfig(given.all('kubeconfig').at(-1))()
    .getContexts()
    .map(({ name }) => name);
}
