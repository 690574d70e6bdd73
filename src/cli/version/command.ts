/** `sidecar-injector version`: of this program, of the operator in the cluster, and of the cluster. */
import { oneLine } from '../../domain/warnings.ts';
import { describeError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject } from '../../kube/objects.ts';
import type { ResourceRef } from '../../kube/resources.ts';
import { get } from '../../kube/verbs.ts';
import { VERSION } from '../../version.ts';
import { CLUSTER_OPTIONS, clusterProblems, withCluster } from '../cluster.ts';
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Given } from '../options.ts';
import { machineReadable, outputOption } from '../output.ts';

const DEPLOYMENTS: ResourceRef = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  namespaced: true,
  kind: 'Deployment',
};
/** config/manager names it so. */
const DEPLOYMENT = 'sidecar-injector';

interface Deployment extends KubeObject {
  spec?: { replicas?: number; template?: { spec?: { containers?: { name: string; image?: string }[] } } };
  status?: { availableReplicas?: number };
}

/** What could be asked, or why it could not. */
type Answer<T> = T | { error: string };

interface Versions {
  client: { version: string };
  operator?: Answer<{ image: string; replicas: number; available: number }>;
  kubernetes?: Answer<{ version: string }>;
}

async function run(io: Io, given: Given): Promise<number> {
  const versions: Versions = { client: { version: VERSION } };
  if (!given.on('client')) Object.assign(versions, await askCluster(io, given));
  const format = given.one('output', 'text');
  io.stdout.write(format === 'json' || format === 'yaml' ? machineReadable(format, versions) : text(versions));
  return EXIT.ok;
}

async function askCluster(io: Io, given: Given): Promise<Pick<Versions, 'operator' | 'kubernetes'>> {
  try {
    return await withCluster(io, given, async ({ client, operatorNamespace }) => {
      const [operator, kubernetes] = await Promise.all([
        tolerant(() => operatorIn(client, operatorNamespace)),
        tolerant(() => kubernetesOf(client)),
      ]);
      return { operator, kubernetes };
    });
  } catch (error) {
    return { kubernetes: { error: oneLine(describeError(error), 400) } };
  }
}

async function tolerant<T>(ask: () => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await ask();
  } catch (error) {
    return { error: oneLine(describeError(error), 400) };
  }
}

async function operatorIn(client: KubeClient, namespace: string): Promise<NonNullable<Versions['operator']>> {
  const found = await get<Deployment>(client, DEPLOYMENTS, { namespace, name: DEPLOYMENT }, { retries: 0 });
  if (found === undefined) return { error: `there is no Deployment ${namespace}/${DEPLOYMENT}` };
  const { replicas = 1, template } = found.spec ?? {};
  const containers = template?.spec?.containers ?? [];
  const { image = '' } = containers.find(({ name }) => name === 'operator') ?? containers[0] ?? {};
  return { image, replicas, available: found.status?.availableReplicas ?? 0 };
}

async function kubernetesOf(client: KubeClient): Promise<{ version: string }> {
  const { gitVersion } = await client.request<{ gitVersion: string }>({ path: '/version' });
  return { version: gitVersion };
}

function text({ client, operator, kubernetes }: Versions): string {
  const lines = [`Client Version: ${client.version}`];
  if (operator !== undefined) {
    lines.push(
      'error' in operator
        ? `Operator: unknown: ${operator.error}`
        : `Operator: ${operator.image} (${operator.available} of ${operator.replicas} replicas available)`,
    );
  }
  if (kubernetes !== undefined) {
    const version = 'error' in kubernetes ? `unknown: ${kubernetes.error}` : kubernetes.version;
    lines.push(`Kubernetes Version: ${version}`);
  }
  return `${lines.join('\n')}\n`;
}

export const command: Command = {
  usage: '[--client] [flags]',
  description: [
    'Shows the version of this program, the image of the operator in the cluster, and the version of Kubernetes. What cannot',
    'be asked is said, and is no error.',
  ],
  examples: ['$0 version', '$0 version --client', '$0 version -o json'],
  options: {
    client: { help: 'only of this program: asks no cluster' },
    output: outputOption('text', 'json', 'yaml'),
    ...CLUSTER_OPTIONS,
  },
  exitCodes: '0 done; 2 the command line is wrong',
  check: clusterProblems,
  run,
};
