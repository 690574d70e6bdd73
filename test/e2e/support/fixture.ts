/** What most end-to-end tests need: a cluster with the operator installed and running, and short words for its objects. */

import { after, before } from 'node:test';
import type { SidecarInjector } from '../../../src/api/v1alpha1/types.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { KubeObject, Pod } from '../../../src/kube/objects.ts';
import { RESOURCES } from '../../../src/kube/resources.ts';
import { create, get, remove } from '../../../src/kube/verbs.ts';
import { stopChildren } from './child.ts';
import { openEnvironment, type Environment } from './environment.ts';
import { install, uninstall } from './installation.ts';
import { applyAll } from './objects.ts';
import { startOperator, type OperatorOptions, type RunningOperator } from './operator.ts';
import { until } from '../../support/until.ts';

export interface Fixture {
  environment: Environment;
  operator: RunningOperator;
  client: KubeClient;
}

/** Registers hooks that open the fixture before the tests of a file and clear everything away after them. */
export const useOperator = (options: OperatorOptions = {}): Fixture => {
  const fixture = {} as Fixture;
  before(async () => {
    fixture.environment = await openEnvironment({ nodes: true });
    fixture.client = fixture.environment.client;
    await install(fixture.environment);
    fixture.operator = await startOperator(fixture.environment, options);
  });
  after(async () => {
    try {
      if (fixture.operator?.running) await uninstall(fixture.environment);
    } finally {
      await stopChildren();
      await fixture.environment?.close();
    }
  });
  return fixture;
};

/** A SidecarInjector with one container, for namespaces labelled `inject: NAME`; `spec` replaces whole fields. */
export const injectorNamed = (name: string, spec: Record<string, unknown> = {}): KubeObject & { spec: object } => ({
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name },
  spec: {
    selection: { namespaceSelector: { matchLabels: { inject: name } }, policy: 'OptOut' },
    template: { containers: [{ name: `${name}-sidecar`, image: 'example.com/sidecar:1' }] },
    ...spec,
  },
});

export const injectorStatus = async (client: KubeClient, name: string): Promise<SidecarInjector> => {
  const injector = await get<SidecarInjector>(client, RESOURCES.sidecarInjectors, { name });
  if (injector === undefined) throw new Error(`there is no SidecarInjector ${name}`);
  return injector;
};

/** Waits until the condition has the status, for the object's present generation; gives the condition back. */
export const condition = async (
  client: KubeClient,
  name: string,
  type: string,
  wanted: 'True' | 'False',
  timeoutMs = 15_000,
): Promise<{ reason: string; message: string }> =>
  until(
    `${type}=${wanted} of SidecarInjector ${name}`,
    async () => {
      const { metadata, status } = await injectorStatus(client, name);
      const found = status?.conditions?.find((candidate) => candidate.type === type);
      if (found?.status === wanted && found.observedGeneration === metadata.generation) return found;
      throw new Error(JSON.stringify(status?.conditions));
    },
    { timeoutMs },
  );

/** Applies an injector and its namespace, and waits for Ready. */
export const applyReady = async (
  client: KubeClient,
  injector: KubeObject & { spec: object },
  namespace = `ns-${injector.metadata.name}`,
  timeoutMs?: number,
): Promise<string> => {
  const name = injector.metadata.name ?? '';
  const labelled = { name: namespace, labels: { inject: name } };
  await applyAll(client, [{ apiVersion: 'v1', kind: 'Namespace', metadata: labelled }, injector]);
  await condition(client, name, 'Ready', 'True', timeoutMs);
  return namespace;
};

/** Creates a pod (with dryRun: nothing stays) and gives back what the API server made of it. */
export const createPod = async (
  client: KubeClient,
  namespace: string,
  { annotations = {}, labels = {}, spec = {} }: { annotations?: object; labels?: object; spec?: object } = {},
): Promise<Pod> => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'pod-', namespace, annotations, labels },
    spec: { containers: [{ name: 'app', image: 'example.com/app:1' }], ...spec },
  };
  return create(client, RESOURCES.pods, pod as unknown as Pod, { dryRun: true });
};

/** Names of the containers and of the init containers of a pod, in order. */
export const containersOf = (pod: Pod): string[] => (pod.spec?.containers ?? []).map(({ name }) => name);
export const initContainersOf = (pod: Pod): string[] => (pod.spec?.initContainers ?? []).map(({ name }) => name);

/** Deletes an injector and waits until it is gone. */
export const deleteInjector = async (client: KubeClient, name: string): Promise<void> => {
  await remove(client, RESOURCES.sidecarInjectors, { name });
  await until(
    `SidecarInjector ${name} is gone`,
    async () => (await get(client, RESOURCES.sidecarInjectors, { name })) === undefined,
  );
};
