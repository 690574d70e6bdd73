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
import { until } from '../../support/until.ts';

export interface Environment {
  /** An administrator. */
  readonly client: KubeClient;
  readonly kubeconfig: string;
  /** One for each API server of the cluster, the first of which is `kubeconfig`. */
  readonly kubeconfigs: readonly string[];
  /** False for the cluster of KUBECONFIG: there Services do not lead to this machine, and no kubelet need run. */
  readonly inMemory: boolean;
  /** A folder for files of the test. */
  readonly directory: string;
  close(): Promise<void>;
}

export interface EnvironmentOptions {
  /** Kubeconfig of the cluster to use; KUBECONFIG by default, null for an in-memory one whatever KUBECONFIG says. */
  external?: string | null;
  /** The in-memory cluster has a node, on which pods run; a control plane alone leaves them Pending. */
  nodes?: boolean;
  /** API servers of the in-memory cluster; default 1. */
  servers?: number;
  /** More arguments for it, such as how late its API servers are. */
  argv?: readonly string[];
}

/** Opens a cluster. */
export const openEnvironment = async ({
  external = process.env['KUBECONFIG'] ?? null,
  nodes = false,
  servers = 1,
  argv: more = [],
}: EnvironmentOptions = {}): Promise<Environment> => {
  const directory = mkdtempSync(path.join(tmpdir(), 'sidecar-injector-'));
  const kubeconfig = external ?? path.join(directory, 'kubeconfig');
  const argv = [
    // It shares the machine with what is tested, and most of its garbage is of one request.
    '--max-semi-space-size=32',
    'test/cluster/main.ts',
    '--kubeconfig',
    kubeconfig,
    '--servers',
    String(servers),
    ...(nodes ? ['--nodes'] : []),
    ...more,
  ];
  const cluster = external === null ? startChild(argv) : undefined;
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
    // As test/cluster/main.ts names them.
    kubeconfigs: [kubeconfig, ...Array.from({ length: servers - 1 }, (_, index) => `${kubeconfig}-${index + 2}`)],
    inMemory: cluster !== undefined,
    directory,
    async close() {
      await client.close();
      await cluster?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
