/** An in-memory cluster for the tests of one file, in their own process: they see into it and add faults. */
import { after } from 'node:test';
import type { KubeClient } from '../../src/kube/client.ts';
import { startCluster, type Cluster, type ClusterOptions } from '../cluster/index.ts';
import { clientOf } from '../support/cluster-client.ts';

/** Starts it; it is stopped after the tests of the file. The client is an administrator's. */
export const startOwnCluster = async (
  options: ClusterOptions = {},
): Promise<{ cluster: Cluster; client: KubeClient }> => {
  const cluster = await startCluster(options);
  const client = clientOf(cluster.adminKubeconfig());
  after(async () => {
    await client.close();
    await cluster.stop();
  });
  return { cluster, client };
};
