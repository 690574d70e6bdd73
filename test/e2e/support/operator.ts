/**
 * Runs the operator as a process, under the rights that it ships with. In the in-memory cluster it is registered as a
 * pod, so that Services lead to it; elsewhere the webhook is published by URL.
 */

import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { create, remove } from '../../../src/kube/verbs.ts';
import { startChild, type Child } from './child.ts';
import type { Environment } from './environment.ts';
import { OPERATOR_NAMESPACE, operatorKubeconfig } from './installation.ts';
import { until } from '../../support/until.ts';

export interface RunningOperator extends Child {
  readonly name: string;
  readonly host: string;
  readonly webhookPort: number;
  readonly healthUrl: string;
  /** Milliseconds from the start of the process to the first /readyz that says so. */
  readonly startedInMs: number;
}

export interface OperatorOptions {
  name?: string;
  /** What node runs; the sources by default, `dist/sidecar-injector.js` for the bundle. */
  program?: string;
  /** For node itself, before the program. */
  nodeFlags?: readonly string[];
  /**
   * Where it serves admission. Replicas behind one Service have addresses of their own and one port, as pods do: all of
   * 127.0.0.0/8 is this machine. By default 127.0.0.1 and any free port.
   */
  host?: string;
  webhookPort?: number;
  /** Of the API server that it uses; the cluster's first one by default. */
  kubeconfig?: string;
  /** It takes itself for a pod: then its Services name the port of the pods, whatever number that has in each. */
  inCluster?: boolean;
  argv?: string[];
  onLine?: (line: string) => void;
}

/** A TCP port of loopback that nobody listens on now. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const LABELS = { 'app.kubernetes.io/name': 'sidecar-injector', 'app.kubernetes.io/component': 'operator' };

/** A pod that no kubelet of the cluster runs: this process answers for it on loopback. */
const registerPod = async ({ client }: Environment, name: string, port: number): Promise<void> => {
  await remove(client, RESOURCES.pods, { name, namespace: OPERATOR_NAMESPACE });
  await create(client, RESOURCES.pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: OPERATOR_NAMESPACE, labels: LABELS },
    spec: {
      nodeName: 'loopback',
      // No kubelet will say that it has ended.
      terminationGracePeriodSeconds: 0,
      serviceAccountName: 'sidecar-injector',
      automountServiceAccountToken: false,
      containers: [{ name: 'operator', image: 'loopback', ports: [{ name: 'webhook', containerPort: port }] }],
    },
  });
};

/** Says what a kubelet would: whether the Service may lead to the pod. */
export const reportReadiness = async (
  { client }: Environment,
  { name, host }: Pick<RunningOperator, 'name' | 'host'>,
  ready: boolean,
): Promise<void> => {
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: {
      status: {
        phase: 'Running',
        podIP: host,
        podIPs: [{ ip: host }],
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
        containerStatuses: [
          { name: 'operator', image: 'loopback', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
        ],
      },
    },
  });
};

/** As a pod sees the world, but for the credentials: those it finds in its home directory. */
const podEnvironment = (credentials: string): Record<string, string> => {
  const home = `${credentials}.home`;
  mkdirSync(path.join(home, '.kube'), { recursive: true });
  copyFileSync(credentials, path.join(home, '.kube/config'));
  return { HOME: home, KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '127.0.0.1' };
};

/** Starts the operator and waits until it is ready. */
export const startOperator = async (
  environment: Environment,
  {
    name = 'operator-0',
    program = 'src/main.ts',
    host = '127.0.0.1',
    inCluster = false,
    ...options
  }: OperatorOptions = {},
): Promise<RunningOperator> => {
  const { kubeconfig, argv = [], onLine } = options;
  const webhookPort = options.webhookPort ?? (await freePort());
  const credentials = await operatorKubeconfig(environment, kubeconfig);
  if (environment.inMemory) await registerPod(environment, name, webhookPort);
  const started = performance.now();
  const child = startChild(
    [
      ...(options.nodeFlags ?? []),
      program,
      'operator',
      ...(inCluster ? [] : [`--kubeconfig=${credentials}`]),
      `--namespace=${OPERATOR_NAMESPACE}`,
      `--identity=${name}`,
      `--webhook-host=${host}`,
      `--webhook-port=${webhookPort}`,
      // Any free port; the log says which.
      '--health-port=0',
      '--log-format=json',
      // Nothing is lost when a test's operator leaves at once.
      '--drain-seconds=0',
      // Minutes become seconds.
      '--rollover-pace=100',
      ...(environment.inMemory ? [] : [`--webhook-url=https://${host}:${webhookPort}`]),
      ...argv,
    ],
    { ...(onLine && { onLine }), ...(inCluster && { env: podEnvironment(credentials) }) },
  );
  const healthUrl = (): string => {
    const started = child.lines.find((line) => line.includes('"message":"started"')) ?? '{}';
    return `http://127.0.0.1:${(JSON.parse(started) as { healthPort?: number }).healthPort}`;
  };
  await until(
    'the operator is ready',
    async () => {
      if (!child.running) return true;
      const answer = await fetch(`${healthUrl()}/readyz`);
      return answer.ok;
    },
    { timeoutMs: 30_000, everyMs: 10 },
  );
  if (!child.running) throw new Error(`the operator ended with ${child.process.exitCode}:\n${child.lines.join('\n')}`);
  const startedInMs = performance.now() - started;
  if (environment.inMemory) await reportReadiness(environment, { name, host }, true);
  return Object.assign(child, { name, host, webhookPort, healthUrl: healthUrl(), startedInMs });
};
