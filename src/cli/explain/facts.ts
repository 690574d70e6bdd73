/** What an explanation rests on: read once, for all subjects. What may not be read is noted, and does without. */
import { injectionOf } from '../../api/v1alpha1/defaults.ts';
import type { JsonObject, SidecarInjector } from '../../api/v1alpha1/types.ts';
import { runNativeSidecars } from '../../domain/kubelets.ts';
import { oneLine } from '../../domain/warnings.ts';
import { describeError, operatorError } from '../../errors.ts';
import { isForbidden } from '../../kube/errors.ts';
import type { KubeObject, MutatingWebhookConfiguration, Namespace } from '../../kube/objects.ts';
import { RESOURCES, type ResourceRef } from '../../kube/resources.ts';
import { get, list, withType } from '../../kube/verbs.ts';
import type { Cluster } from '../cluster.ts';
import { resourceOfKind } from './kinds.ts';
import type { Target } from './words.ts';

export interface Facts {
  injectors: readonly SidecarInjector[];
  /** Labels of the namespaces that are known. */
  namespaces: ReadonlyMap<string, Record<string, string>>;
  /** Undefined where they cannot be read, or where no cluster is asked. */
  configurations: readonly MutatingWebhookConfiguration[] | undefined;
  nativeSidecars: boolean | undefined;
  operatorNamespace: string;
  /** What could not be read, and is missing in the explanation. */
  notes: readonly string[];
}

/** A live object. */
export interface Live {
  object: KubeObject & JsonObject;
  resource: ResourceRef;
  /** What makes its pods, the pod's own controller first; empty for what nobody makes. */
  makers: readonly { resource: ResourceRef; object: KubeObject & JsonObject }[];
}

/** @param known namespaces that were given as manifests, which count more than those of the cluster */
export async function readFacts(
  { client, operatorNamespace }: Cluster,
  wanted: ReadonlySet<string>,
  known: ReadonlyMap<string, Record<string, string>> = new Map(),
): Promise<Facts> {
  const notes: string[] = [];
  const tolerant = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      notes.push(`${what} cannot be read: ${oneLine(describeError(error), 300)}`);
      return undefined;
    }
  };
  const injectors = await list<SidecarInjector & KubeObject>(client, RESOURCES.sidecarInjectors);
  const configurations = await tolerant('webhook configurations', () =>
    list<MutatingWebhookConfiguration>(client, RESOURCES.mutatingWebhookConfigurations),
  );
  const missing = [...wanted].filter((name) => !known.has(name));
  const found = await tolerant('namespaces', () => readNamespaces(client, missing));
  const namespaces = new Map([
    ...(found ?? []).map(({ metadata }) => [metadata.name, metadata.labels ?? {}] as const),
    ...known,
  ]);
  const asksNodes = injectors.items.some((injector) => injectionOf(injector).sidecarMode === 'Auto');
  const nativeSidecars = asksNodes
    ? await tolerant('nodes', async () => runNativeSidecars(await kubeletVersions(client)))
    : undefined;
  return {
    injectors: injectors.items,
    namespaces,
    configurations: configurations?.items,
    nativeSidecars,
    operatorNamespace,
    notes,
  };
}

/** One by one only where it is one: many are one list. */
async function readNamespaces(client: Cluster['client'], names: readonly string[]): Promise<Namespace[]> {
  const [name] = names;
  if (name === undefined) return [];
  if (names.length > 1) return (await list<Namespace>(client, RESOURCES.namespaces, { metadataOnly: true })).items;
  const found = await get<Namespace>(client, RESOURCES.namespaces, { name });
  return found === undefined ? [] : [found];
}

const NODES: ResourceRef = { group: '', version: 'v1', plural: 'nodes', namespaced: false, kind: 'Node' };

async function kubeletVersions(client: Cluster['client']): Promise<string[]> {
  const { items } = await list<KubeObject & { status?: { nodeInfo?: { kubeletVersion?: string } } }>(client, NODES);
  return items.map(({ status }) => status?.nodeInfo?.kubeletVersion ?? '');
}

/** What a target names: one object, or all there are. Of many, those that make pods are not asked what they make. */
export async function readTarget(cluster: Cluster, { resource, name }: Target): Promise<Live[]> {
  if (name !== undefined) return [await readOne(cluster, resource, name)];
  const { client, namespace, allNamespaces } = cluster;
  const { items } = await list<KubeObject & JsonObject>(client, resource, allNamespaces ? {} : { namespace });
  return items.map((object) => ({ object, resource, makers: [] }));
}

/** @throws SI6007 when it is not there */
async function readOne({ client, namespace }: Cluster, resource: ResourceRef, name: string): Promise<Live> {
  const found = await get<KubeObject & JsonObject>(client, resource, { namespace, name });
  if (found === undefined) throw operatorError('SI6007', { kind: resource.kind, name: `${namespace}/${name}` });
  const object = withType(found, resource);
  return { object, resource, makers: await makersOf(client, object, namespace) };
}

/** A controller that is gone, may not be read, or is of a kind of somebody else ends the chain. */
async function makersOf(client: Cluster['client'], object: KubeObject, namespace: string): Promise<Live['makers']> {
  const makers: { resource: ResourceRef; object: KubeObject & JsonObject }[] = [];
  for (let current = object; makers.length < 3;) {
    const owner = current.metadata.ownerReferences?.find(({ controller }) => controller === true);
    const resource = owner && resourceOfKind(owner);
    if (owner === undefined || resource === undefined) break;
    const found = await get<KubeObject & JsonObject>(client, resource, { namespace, name: owner.name }).catch(
      (error: unknown) => {
        if (isForbidden(error)) return undefined;
        throw error;
      },
    );
    if (found === undefined || found.metadata.uid !== owner.uid) break;
    current = withType(found, resource);
    makers.push({ resource, object: current as KubeObject & JsonObject });
  }
  return makers;
}
