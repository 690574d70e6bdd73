/** The test bed: two API servers that are late in their own ways, injectors of both built-in signers, replicas, and figures. */
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/connection.ts';
import { startChild } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { applyReady, containersOf, createPod, injectorNamed } from '../e2e/support/fixture.ts';
import { install } from '../e2e/support/installation.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { until } from '../e2e/support/until.ts';
import { Figures } from './figures.ts';
import { Fleet } from './fleet.ts';
import type { RotationOptions } from './options.ts';
import { randomFrom } from './random.ts';

export interface Bed {
  readonly options: RotationOptions;
  readonly environment: Environment;
  /** One for each API server. */
  readonly clients: readonly KubeClient[];
  readonly fleet: Fleet;
  readonly figures: Figures;
  readonly injectors: readonly { name: string; namespace: string; sidecar: string }[];
  /** In [0, 1), by the seed of the run. */
  random(): number;
  close(): Promise<void>;
}

/** How late the two API servers are, in milliseconds: the one that is asked first must not be the measure of the other. */
const LAGS = { configuration: [20, 250], watch: [10, 100], endpoint: [100, 300] } as const;
const SIGNERS = ['sidecarinjector.dev/webhook-serving', 'kubernetes.io/kubelet-serving'] as const;

/** Bundles the operator as it is now: what is built anew while the run lasts does not change the run. */
const snapshotOf = async (directory: string): Promise<string> => {
  const build = startChild(['hack/build.ts']);
  await until('the bundle is built', () => !build.running, { timeoutMs: 60_000 });
  if (build.process.exitCode !== 0) throw new Error(build.lines.join('\n'));
  const folder = path.join(directory, 'dist');
  cpSync(path.join(REPOSITORY, 'dist'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return path.join(folder, 'sidecar-injector.js');
};

/** Opens the test bed: all replicas serve, all injectors are ready. */
export const openBed = async (options: RotationOptions): Promise<Bed> => {
  const environment = await openEnvironment({
    external: null,
    servers: 2,
    argv: [
      ...Object.entries(LAGS).flatMap(([name, lags]) => [`--${name}-lag`, lags.join(',')]),
      ...(options.closeConnections ? ['--close-connections'] : []),
    ],
  });
  const program = await snapshotOf(environment.directory);
  await install(environment);
  const figures = new Figures();
  const endpointLagMs = Math.max(...LAGS.endpoint);
  const fleet = new Fleet({ environment, program, flags: options.operatorFlags, figures, endpointLagMs });
  for (let count = 0; count < options.replicas; count += 1) await fleet.add();
  const injectors: Bed['injectors'][number][] = [];
  for (const [index, signerName] of SIGNERS.entries()) {
    const name = `rotation-${index + 1}`;
    const spec = { certificate: { signerName }, webhook: { failurePolicy: 'Fail' } };
    const namespace = await applyReady(environment.client, injectorNamed(name, spec));
    injectors.push({ name, namespace, sidecar: `${name}-sidecar` });
  }
  const clients = environment.kubeconfigs.map((file) => createKubeClient({ load: loadKubeConfig(file) }));
  // Ready is what one API server says; the others have heard of the configuration a moment later.
  for (const [index, client] of clients.entries()) {
    for (const { namespace, sidecar } of injectors) {
      await until(`API server ${index} injects pods of ${namespace}`, async () =>
        containersOf(await createPod(client, namespace)).includes(sidecar),
      );
    }
  }
  return {
    options,
    environment,
    clients,
    fleet,
    figures,
    injectors,
    random: randomFrom(options.seed),
    async close() {
      await fleet.stop();
      await Promise.all(clients.map((client) => client.close()));
      await environment.close();
    },
  };
};
