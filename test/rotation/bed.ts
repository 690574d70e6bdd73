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
import { until } from '../support/until.ts';
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
const LAGS = { watch: [10, 100], endpoint: [100, 300] } as const;
const FASTER_CONFIGURATION_LAG_MS = 20;
export const SIGNERS = ['sidecarinjector.dev/webhook-serving', 'kubernetes.io/kubelet-serving'] as const;

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

/** Opens the test bed: all replicas serve, all injectors are ready, and every API server injects. */
export const openBed = async (options: RotationOptions): Promise<Bed> => {
  const environment = await openEnvironment({
    external: null,
    servers: 2,
    argv: [
      '--configuration-lag',
      `${FASTER_CONFIGURATION_LAG_MS},${options.configurationLagMs}`,
      ...Object.entries(LAGS).flatMap(([name, lags]) => [`--${name}-lag`, lags.join(',')]),
      ...(options.closeConnections ? ['--close-connections'] : []),
    ],
  });
  const figures = new Figures();
  const program = await snapshotOf(environment.directory);
  const endpointLagMs = Math.max(...LAGS.endpoint);
  const fleet = new Fleet({ environment, program, flags: options.operatorFlags, figures, endpointLagMs });
  const clients = environment.kubeconfigs.map((file) => createKubeClient({ load: loadKubeConfig(file) }));
  const close = async (): Promise<void> => {
    await fleet.stop();
    await Promise.all(clients.map((client) => client.close()));
    await environment.close();
  };
  try {
    await install(environment);
    for (let count = 0; count < options.replicas; count += 1) await fleet.add();
    const injectors = await Promise.all(
      SIGNERS.map((signer, index) => addInjector(environment, clients, signer, index)),
    );
    return { options, environment, clients, fleet, figures, injectors, random: randomFrom(options.seed), close };
  } catch (error) {
    for (const { name, lines } of fleet.replicas) console.error([name, ...lines.slice(-20)].join('\n'));
    await close();
    throw error;
  }
};

const addInjector = async (
  { client }: Environment,
  clients: readonly KubeClient[],
  signerName: string,
  index: number,
): Promise<Bed['injectors'][number]> => {
  const name = `rotation-${index + 1}`;
  const spec = { certificate: { signerName }, webhook: { failurePolicy: 'Fail' } };
  const namespace = await applyReady(client, injectorNamed(name, spec));
  const sidecar = `${name}-sidecar`;
  // Ready is what one API server says; the others have heard of the configuration a moment later.
  for (const [server, each] of clients.entries()) {
    await until(`API server ${server} injects pods of ${namespace}`, async () =>
      containersOf(await createPod(each, namespace)).includes(sidecar),
    );
  }
  return { name, namespace, sidecar };
};
