/** Installs what config/default installs, except the Deployment: the operator of a test is a process of this machine. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { KubeObject } from '../../../src/kube/objects.ts';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { list, remove } from '../../../src/kube/verbs.ts';
import type { Environment } from './environment.ts';
import { loadManifests } from './manifests.ts';
import { applyAll, deleteAll } from './objects.ts';
import { until } from '../../support/until.ts';

export const OPERATOR_NAMESPACE = 'sidecar-injector-system';
export const SERVICE_ACCOUNT = 'sidecar-injector';

const manifests = (): KubeObject[] =>
  ['config/namespaces', 'crds', 'config/rbac', 'config/probe', 'config/components/kubelet-serving'].flatMap(
    loadManifests,
  );

export const install = async ({ client }: Environment): Promise<void> => applyAll(client, manifests());

/** Deletes all injectors while the operator still runs, and then what `install` made. */
export const uninstall = async ({ client }: Environment): Promise<void> => {
  const { items } = await list(client, RESOURCES.sidecarInjectors);
  for (const { metadata } of items) await remove(client, RESOURCES.sidecarInjectors, { name: metadata.name ?? '' });
  await until('all injectors are gone', async () => {
    const left = await list(client, RESOURCES.sidecarInjectors);
    return left.items.length === 0;
  });
  await deleteAll(client, manifests());
};

interface TokenRequest {
  status: { token: string };
}

/**
 * Writes a kubeconfig for the operator's service account: the rights that it ships with and no others.
 * @param kubeconfig of the API server to use
 */
export const operatorKubeconfig = async (
  { client, directory, kubeconfig: first }: Environment,
  kubeconfig = first,
): Promise<string> => {
  const { status } = await client.request<TokenRequest>({
    method: 'POST',
    path: `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${SERVICE_ACCOUNT}/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } },
  });
  const { server, ca } = await clusterOf(kubeconfig);
  const file = path.join(directory, `operator.${path.basename(kubeconfig)}`);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: SERVICE_ACCOUNT, user: { token: status.token } }],
    contexts: [{ name: 'operator', context: { cluster: 'cluster', user: SERVICE_ACCOUNT } }],
    'current-context': 'operator',
  };
  writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
  return file;
};

const clusterOf = async (kubeconfig: string): Promise<{ server: string; ca: string }> => {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const { readFileSync } = await import('node:fs');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`${kubeconfig} names no cluster`);
  const ca = cluster.caData ?? readFileSync(cluster.caFile ?? '').toString('base64');
  return { server: cluster.server, ca };
};
