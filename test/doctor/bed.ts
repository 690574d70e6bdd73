/** A cluster with a running operator that can be reached by a road of the test's, and doctor that looks at it. */
import { selectionOf } from '../../src/api/v1alpha1/defaults.ts';
import { objectName, secretName } from '../../src/api/v1alpha1/names.ts';
import type { SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Event, KubeObject, MutatingWebhookConfiguration, Secret } from '../../src/kube/objects.ts';
import { RESOURCES, resourcePath, type ResourceRef } from '../../src/kube/resources.ts';
import { get, list } from '../../src/kube/verbs.ts';
import { stopChildren } from '../e2e/support/child.ts';
import { openEnvironment, type Environment } from '../e2e/support/environment.ts';
import { applyReady, injectorNamed, injectorStatus } from '../e2e/support/fixture.ts';
import { install, OPERATOR_NAMESPACE, uninstall } from '../e2e/support/installation.ts';
import { freePort, reportReadiness, startOperator, type RunningOperator } from '../e2e/support/operator.ts';
import { cli } from '../support/cli.ts';
import { until } from '../support/until.ts';
import { Road } from './road.ts';

export interface Line {
  id: string;
  state: 'ok' | 'warn' | 'fail' | 'skip';
  message?: string;
  reason?: string;
  problems?: { state: string; about: string; message: string; evidence?: string; fix: string; fixable: boolean }[];
}

export interface Bed {
  environment: Environment;
  client: KubeClient;
  operator: RunningOperator;
  road: Road;
}

const HOST = '127.0.0.1';
/** All of 127.0.0.0/8 is this machine: the pod's address in the cluster is the near end of the road. */
const NEAR_END = '127.0.0.2';

export const openBed = async (): Promise<Bed> => {
  const environment = await openEnvironment({ nodes: true });
  const { client, inMemory } = environment;
  await install(environment);
  const webhookPort = await freePort();
  const road = new Road(inMemory ? NEAR_END : HOST, inMemory ? webhookPort : 0, { kind: 'to', port: webhookPort });
  await road.open();
  const argv = inMemory ? [] : [`--webhook-url=https://${HOST}:${road.port}`];
  const operator = await startOperator(environment, { host: HOST, webhookPort, argv });
  if (inMemory) await reportReadiness(environment, { name: operator.name, host: NEAR_END }, true);
  return { environment, client, operator, road };
};

export const closeBed = async (bed: Bed | undefined): Promise<void> => {
  try {
    if (bed?.operator.running === true) await uninstall(bed.environment);
  } finally {
    await bed?.road.close();
    await stopChildren();
    await bed?.environment.close();
  }
};

/** An injector that is ready, in a namespace `ns-NAME`. */
export const ready = ({ client }: Bed, name: string, spec: Record<string, unknown> = {}): Promise<string> =>
  applyReady(client, injectorNamed(name, spec));

/** What doctor says, and with which code it ends. */
export const doctor = async (
  { environment }: Bed,
  ...argv: string[]
): Promise<{ code: number; lines: Line[]; stderr: string }> => {
  const { code, stdout, stderr } = await cli(['doctor', '--kubeconfig', environment.kubeconfig, '-o', 'json', ...argv]);
  const { checks = [] } = (stdout === '' ? {} : JSON.parse(stdout)) as { checks?: Line[] };
  return { code, lines: checks, stderr };
};

/** The lines that are not well, as text. */
export const complaints = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ id, problems = [] }) =>
    problems.map(({ state, about, message, evidence = '' }) => `${id} ${state} ${about}: ${message} [${evidence}]`),
  );

let turn = 0;

/** Makes the operator prove anew that injection works: any change of the webhook configuration does. */
export const probeAnew = async (bed: Bed, name: string, timeoutSeconds?: number): Promise<void> => {
  turn += 1;
  await merge(bed, RESOURCES.sidecarInjectors, name, {
    spec: { webhook: { timeoutSeconds: timeoutSeconds ?? 6 + (turn % 4) } },
  });
};

export const merge = async (
  { client }: Bed,
  resource: ResourceRef,
  name: string,
  body: object,
  namespace?: string,
  subresource?: string,
): Promise<void> => {
  const path = resourcePath(resource, { name, namespace, subresource });
  await client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
};

/** Waits for a condition whose message says this. */
export const conditionSays = async (
  { client }: Bed,
  name: string,
  type: string,
  status: string,
  words: RegExp,
): Promise<void> => {
  await until(`${type}=${status} of ${name}, and says ${words}`, async () => {
    const { conditions = [] } = (await injectorStatus(client, name)).status ?? {};
    const found = conditions.find((condition) => condition.type === type);
    if (found?.status === status && words.test(`${found.reason}: ${found.message}`)) return true;
    throw new Error(JSON.stringify(found));
  });
};

/** Waits for an Event about the injector whose reason and note say this. */
export const eventSays = async ({ client }: Bed, name: string, words: RegExp): Promise<void> => {
  await until(`an Event about ${name} says ${words}`, async () => {
    const { items } = await list<Event>(client, RESOURCES.events, { namespace: 'default' });
    const own = items.filter(({ regarding }) => regarding.kind === 'SidecarInjector' && regarding.name === name);
    if (own.some(({ reason, note }) => words.test(`${reason}: ${note}`))) return true;
    throw new Error(own.map(({ reason, note }) => `${reason}: ${note}`).join('\n'));
  });
};

export const configurationOf = async ({ client }: Bed, injector: string): Promise<MutatingWebhookConfiguration> => {
  const key = { name: objectName(injector) };
  const found = await get<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations, key);
  if (found === undefined) throw new Error(`there is no configuration ${key.name}`);
  return found;
};

/** The identity that the operator serves for the injector, and its authority. */
export const identityOf = async (
  { client }: Bed,
  injector: string,
): Promise<{ cert: string; key: string; ca: string }> => {
  const secret = await get<Secret>(client, RESOURCES.secrets, {
    name: secretName(injector),
    namespace: OPERATOR_NAMESPACE,
  });
  const text = (key: string): string => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString('utf8');
  return { cert: text('tls.crt'), key: text('tls.key'), ca: text('ca.crt') };
};

export const annotationOf = (injector: KubeObject): string =>
  selectionOf(injector as unknown as SidecarInjector).annotation;
