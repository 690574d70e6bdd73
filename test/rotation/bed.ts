/** The test bed: two API servers that are late in their own ways, injectors of both built-in signers, replicas, and figures. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import { loadKubeConfig } from '../../src/kube/connection.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { applyReady, containersOf, createPod, injectorNamed } from '../e2e/support/fixture.ts';
import { install, uninstall } from '../e2e/support/installation.ts';
import { until } from '../support/until.ts';
import { Balancer } from './balancer.ts';
import type { Figures } from './figures.ts';
import { Fleet } from './fleet.ts';
import type { RotationOptions } from './options.ts';
import { bundleIn, sourcesIn } from './program.ts';
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
const FASTER = { configuration: 20, watch: 10, endpoint: 100 } as const;
const ENDPOINT_LAG_MS = 300;
/** Nothing is measured before the run begins. */
const OPENING = { timeoutMs: 60_000 };
export const SIGNERS = ['sidecarinjector.dev/webhook-serving', 'kubernetes.io/kubelet-serving'] as const;

/** A cluster that exists, or an in-memory one whose API servers are late. */
const openCluster = async (options: RotationOptions): Promise<Environment> => {
  const { kubeconfigs, configurationLagMs, configurationRaceMs, watchLagMs, closeConnections } = options;
  const [external = null] = kubeconfigs;
  if (external !== null) return { ...(await openEnvironment({ external })), kubeconfigs };
  return openEnvironment({
    external,
    servers: 2,
    argv: [
      `--configuration-lag=${FASTER.configuration},${configurationLagMs}`,
      `--configuration-race=0,${configurationRaceMs}`,
      `--watch-lag=${FASTER.watch},${watchLagMs}`,
      `--endpoint-lag=${FASTER.endpoint},${ENDPOINT_LAG_MS}`,
      ...(closeConnections ? ['--close-connections'] : []),
    ],
  });
};

const CLOSE_CONNECTIONS = pathToFileURL(path.join(import.meta.dirname, 'close-connections.ts')).href;

const openFleet = async (
  options: RotationOptions,
  environment: Environment,
  figures: Figures,
  balancer: Balancer,
  moreFlags: readonly string[],
): Promise<Fleet> => {
  const { fromSources, operatorFlags: flags, closeConnections } = options;
  const { directory, inMemory } = environment;
  const program = fromSources === undefined ? await bundleIn(directory) : sourcesIn(directory);
  const { nodeFlags = [], saying } = fromSources ?? {};
  const closing = closeConnections && !inMemory ? [`--import=${CLOSE_CONNECTIONS}`] : [];
  return new Fleet({
    environment,
    program,
    nodeFlags: [...nodeFlags, ...closing, ...moreFlags],
    flags,
    saying,
    figures,
    endpointLagMs: ENDPOINT_LAG_MS,
    balancer: inMemory ? undefined : { port: await balancer.listen(), route: (backends) => balancer.route(backends) },
  });
};

/**
 * Opens the test bed: all replicas serve, all injectors are ready, and every API server injects.
 *
 * @param nodeFlags for the operators, from the folder of the test bed
 */
export const openBed = async (
  options: RotationOptions,
  figures: Figures,
  nodeFlags: (directory: string) => readonly string[] = () => [],
): Promise<Bed> => {
  const environment = await openCluster(options);
  const balancer = new Balancer(ENDPOINT_LAG_MS);
  const fleet = await openFleet(options, environment, figures, balancer, nodeFlags(environment.directory));
  const clients = environment.kubeconfigs.map((file) => createKubeClient({ load: loadKubeConfig(file) }));
  const close = async (): Promise<void> => {
    if (!environment.inMemory) await uninstall(environment);
    await fleet.stop();
    balancer.close();
    await Promise.all(clients.map((client) => client.close()));
    await environment.close();
  };
  try {
    await install(environment);
    await Promise.all(Array.from({ length: options.replicas }, () => fleet.add()));
    const injectors = await Promise.all(
      Array.from({ length: options.injectors }, (_, index) => addInjector(environment, clients, index)),
    );
    return { options, environment, clients, fleet, figures, injectors, random: randomFrom(options.seed), close };
  } catch (error) {
    for (const [name, lines] of fleet.said) console.error([name, ...lines.slice(-20)].join('\n'));
    await close();
    throw error;
  }
};

const addInjector = async (
  { client }: Environment,
  clients: readonly KubeClient[],
  index: number,
): Promise<Bed['injectors'][number]> => {
  const name = `rotation-${index + 1}`;
  const signerName = SIGNERS[index % SIGNERS.length];
  const spec = { certificate: { signerName }, webhook: { failurePolicy: 'Fail' } };
  const namespace = await applyReady(client, injectorNamed(name, spec), undefined, OPENING.timeoutMs);
  const sidecar = `${name}-sidecar`;
  // Ready is what one API server says; the others have heard of the configuration a moment later.
  for (const [server, each] of clients.entries()) {
    await until(
      `API server ${server} injects pods of ${namespace}`,
      async () => containersOf(await createPod(each, namespace)).includes(sidecar),
      OPENING,
    );
  }
  return { name, namespace, sidecar };
};
