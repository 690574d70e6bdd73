/**
 * The cluster that a test speaks to: the one of KUBECONFIG, or an in-memory one in a process of its own. Tests use only
 * the Kubernetes API of it, so they pass against both.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKubeClient, type KubeClient } from '../../../src/kube/client.ts';
import { loadKubeConfig } from '../../../src/kube/connection.ts';
import { startChild } from './child.ts';
import { until } from './until.ts';

export interface Environment {
  /** An administrator. */
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** False for the cluster of KUBECONFIG: there Services do not lead to this machine, and no kubelet need run. */
  readonly inMemory: boolean;
  /** A folder for files of the test. */
  readonly directory: string;
  close(): Promise<void>;
}

/** Opens the cluster of `kubeconfig`, of KUBECONFIG by default; without one it starts an in-memory cluster. */
export const openEnvironment = async (
  { kubeconfig: external }: { kubeconfig?: string | undefined } = { kubeconfig: process.env['KUBECONFIG'] },
): Promise<Environment> => {
  const directory = mkdtempSync(path.join(tmpdir(), 'sidecar-injector-'));
  const kubeconfig = external ?? path.join(directory, 'kubeconfig');
  const cluster = external === undefined ? startChild(['test/cluster/main.ts', '--kubeconfig', kubeconfig]) : undefined;
  if (cluster !== undefined) {
    await until('the in-memory cluster has started', () => {
      return !cluster.running || cluster.lines.some((line) => line.includes(kubeconfig));
    });
    if (!cluster.running) throw new Error(`the in-memory cluster ended:\n${cluster.lines.join('\n')}`);
  }
  const client = createKubeClient({ load: loadKubeConfig(kubeconfig) });
  return {
    client,
    kubeconfig,
    inMemory: cluster !== undefined,
    directory,
    async close() {
      await client.close();
      await cluster?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
