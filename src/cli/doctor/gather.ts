/** Asks the cluster: few lists, all at once; what cannot be read is noted with the reason, and the rest goes on. */
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import { INJECTOR_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from '../../api/v1alpha1/names.ts';
import { selectionOf } from '../../api/v1alpha1/defaults.ts';
import { describeError } from '../../errors.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Lease } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { create, get, list, type ListOptions } from '../../kube/verbs.ts';
import { isAnnotated } from './checks/pods.ts';
import type { Facts, Lists, Seen } from './facts.ts';
import { lastLogs } from './logs.ts';
import { isOperatorPod, SERVICE_ACCOUNT } from './operator.ts';
import { READ, type OperatorPod, type Workload } from './resources.ts';
import { lackingRights } from './rights.ts';
import { askServers } from './served.ts';
import { sendTrials } from './trials.ts';

export interface GatherOptions {
  client: KubeClient;
  operatorNamespace: string;
  /** The one injector to look at. */
  only?: string;
}

/** Doctor tells what is, so it does not wait for better times; `--wait` does. */
const RETRIES = 1;
const PAGE = 1000;
/** Workloads that are read as a whole. */
const MOST_WORKLOADS = 50;

async function seen<T extends KubeObject>(
  client: KubeClient,
  resource: ResourceRef,
  options: ListOptions = {},
): Promise<Seen<T>> {
  try {
    const { items } = await list<T>(client, resource, { limit: PAGE, retries: RETRIES, ...options });
    return { items };
  } catch (error) {
    return { items: [], hidden: describeError(error) };
  }
}

function filtered<T>({ items, ...rest }: Seen<T>, keep: (item: T) => boolean): Seen<T> {
  return { items: items.filter(keep), ...rest };
}

function joined<T>(...parts: Seen<T>[]): Seen<T> {
  const hidden = parts.find((part) => part.hidden !== undefined)?.hidden;
  return { items: parts.flatMap(({ items }) => items), ...(hidden !== undefined && { hidden }) };
}

/** Everything, with the trials. */
export async function gather({ client, operatorNamespace, only }: GatherOptions): Promise<Facts> {
  const server = await askServer(client);
  const lists = server.error === undefined ? await readLists(client, operatorNamespace, only) : nothing(server.error);
  const base: Facts = {
    now: new Date(),
    operatorNamespace,
    ...(only !== undefined && { only }),
    server,
    lists,
    logs: new Map(),
    annotated: [],
    served: [],
    probes: [],
    trials: [],
  };
  if (server.error !== undefined) return base;
  const [logs, annotated, rights, served] = await Promise.all([
    lastLogs(client, lists.operatorPods.items),
    readAnnotated(client, lists),
    lackingRights(client, operatorNamespace),
    askServers(base),
  ]);
  const facts: Facts = { ...base, logs, annotated, ...rights, served };
  return { ...facts, ...(await sendTrials(client, facts)), now: new Date() };
}

async function askServer(client: KubeClient): Promise<Facts['server']> {
  const url = client.server;
  try {
    const { gitVersion } = await client.request<{ gitVersion?: string }>({ path: '/version' });
    return { url, version: gitVersion ?? '', ...(await askClock(client)) };
  } catch (error) {
    return { url, error: describeError(error) };
  }
}

/** Whoever asks who he is is told the time, too. */
async function askClock(client: KubeClient): Promise<Pick<Facts['server'], 'clock'>> {
  const started = performance.now();
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { name: '' } };
  try {
    const answer = await create<KubeObject>(client, RESOURCES.selfSubjectReviews, review, { retries: 0 });
    const time = new Date(answer.metadata.creationTimestamp ?? '');
    return Number.isNaN(time.getTime()) ? {} : { clock: { time, tookMs: performance.now() - started } };
  } catch {
    return {};
  }
}

async function readLists(client: KubeClient, namespace: string, only: string | undefined): Promise<Lists> {
  const metadataOnly = true;
  const [
    customResourceDefinitions,
    everyInjector,
    namespaces,
    webhookConfigurations,
    certificateSigningRequests,
    policies,
    bindings,
    services,
    secrets,
    endpointSlices,
    networkPolicies,
    leases,
    operatorPods,
    deployments,
    nodes,
    pods,
    events,
    ...workloads
  ] = await Promise.all([
    seen<never>(client, READ.customResourceDefinitions, {
      fieldSelector: 'metadata.name=sidecarinjectors.sidecarinjector.dev',
    }),
    seen<SidecarInjector & KubeObject>(client, RESOURCES.sidecarInjectors),
    seen<KubeObject>(client, RESOURCES.namespaces, { metadataOnly }),
    seen<never>(client, RESOURCES.mutatingWebhookConfigurations),
    seen<never>(client, RESOURCES.certificateSigningRequests, { labelSelector: INJECTOR_LABEL }),
    seen<KubeObject>(client, READ.policies, { metadataOnly }),
    seen<KubeObject>(client, READ.policyBindings, { metadataOnly }),
    seen<never>(client, RESOURCES.services, { namespace }),
    seen<never>(client, RESOURCES.secrets, { namespace, labelSelector: `${MANAGED_BY_LABEL}=${MANAGED_BY}` }),
    seen<never>(client, READ.endpointSlices, { namespace }),
    seen<never>(client, READ.networkPolicies, { namespace }),
    seen<Lease>(client, RESOURCES.leases, { namespace }),
    seen<OperatorPod>(client, RESOURCES.pods, { namespace }),
    seen<never>(client, READ.deployments, { namespace }),
    seen<KubeObject>(client, READ.nodes, { metadataOnly }),
    seen<never>(client, RESOURCES.pods, { metadataOnly }),
    seen<never>(client, RESOURCES.events),
    ...[READ.deployments, READ.statefulSets, READ.daemonSets].map((resource) =>
      seen<Workload>(client, resource, { metadataOnly }),
    ),
  ]);
  const injectors = filtered(everyInjector, ({ metadata }) => only === undefined || metadata.name === only);
  return {
    customResourceDefinitions,
    injectors,
    everyInjector,
    namespaces,
    webhookConfigurations,
    certificateSigningRequests,
    probePolicies: joined(policies, bindings),
    services,
    secrets,
    endpointSlices,
    networkPolicies,
    leases: filtered(leases, ({ metadata }) => metadata.name === SERVICE_ACCOUNT),
    operatorPods: filtered(operatorPods, isOperatorPod),
    deployments: filtered(deployments, ({ spec }: Lists['deployments']['items'][number]) =>
      isOperatorPod({ metadata: spec?.template?.metadata ?? {} }),
    ),
    nodes,
    pods,
    workloads: joined(...workloads),
    events,
  };
}

function nothing(hidden: string): Lists {
  const none = { items: [], hidden };
  return {
    customResourceDefinitions: none,
    injectors: none,
    everyInjector: none,
    namespaces: none,
    webhookConfigurations: none,
    certificateSigningRequests: none,
    probePolicies: none,
    services: none,
    secrets: none,
    endpointSlices: none,
    networkPolicies: none,
    leases: none,
    operatorPods: none,
    deployments: none,
    nodes: none,
    pods: none,
    workloads: none,
    events: none,
  };
}

/** Whole workloads, of those whose own annotations speak of an injector: their templates have to be looked at. */
async function readAnnotated(client: KubeClient, { workloads, everyInjector }: Lists): Promise<Workload[]> {
  const annotations = new Set(everyInjector.items.map((injector) => selectionOf(injector).annotation));
  if (annotations.size > 100) return [];
  const candidates = workloads.items.filter((workload) => isAnnotated(workload, annotations)).slice(0, MOST_WORKLOADS);
  const kinds = [READ.deployments, READ.statefulSets, READ.daemonSets];
  const whole = await Promise.all(
    candidates.map(async ({ kind, metadata }) => {
      const resource = kinds.find((each) => each.kind === kind);
      if (resource === undefined) return undefined;
      return get<Workload>(client, resource, metadata, { retries: RETRIES })
        .then((found) => found && { ...found, kind })
        .catch(() => undefined);
    }),
  );
  return whole.filter((workload) => workload !== undefined);
}
