/** Namespaces: they get an account and the cluster's authority; when deleted, their content goes first. */
import type { ControllerContext, KubeObject, Resource } from '../types.ts';
import { asNamespace } from '../builtin/namespace.ts';
import { ControllerClient, keyOf, pathOf, Reconciler, splitKey, subscribeAll } from './reconciler.ts';

const LOOK_AGAIN_MS = 100;

interface Condition {
  type: string;
  status: string;
  lastTransitionTime?: string;
}

/** Type, reason and message when all is well; reason and message when something remains (status_condition_utils.go). */
const CONDITIONS: [string, string, string, string?, string?][] = [
  ['NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'],
  ['NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'],
  [
    'NamespaceDeletionContentFailure',
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  [
    'NamespaceContentRemaining',
    'ContentRemoved',
    'All content successfully removed',
    'SomeResourcesRemain',
    'Some resources are remaining',
  ],
  [
    'NamespaceFinalizersRemaining',
    'ContentHasNoFinalizers',
    'All content-preserving finalizers finished',
    'SomeFinalizersRemain',
    'Some content in the namespace has finalizers remaining',
  ],
];

/** pkg/controller/namespace/deletion/namespaced_resources_deleter.go: deletes what is in it, then takes the finalizer away. */
export function namespaceDeletion({ store, registry, client }: ControllerContext): () => void {
  const api = new ControllerClient(client, 'namespace-controller');

  function content(namespace: string): { resource: Resource; objects: KubeObject[] }[] {
    const seen = new Map<string, Resource>();
    for (const resource of registry.all())
      if (resource.namespaced && !resource.virtual && resource.verbs.includes('delete'))
        seen.set(resource.storageKey, resource);
    return [...seen.values()]
      .map((resource) => ({ resource, objects: store.list(resource.storageKey, namespace) }))
      .filter(({ objects }) => objects.length > 0);
  }

  async function finalize(namespace: KubeObject): Promise<void> {
    const { spec } = asNamespace(namespace);
    const finalizers = (spec.finalizers ?? []).filter((name) => name !== 'kubernetes');
    await api.request('PUT', `/api/v1/namespaces/${namespace.metadata.name}/finalize`, {
      ...namespace,
      spec: { finalizers },
    });
  }

  /** What keeps a namespace, and what does not, as conditions. */
  async function report(namespace: KubeObject, left: { resource: Resource; objects: KubeObject[] }[]): Promise<void> {
    const finalizers = new Map<string, number>();
    for (const finalizer of left.flatMap(({ objects }) => objects.flatMap(({ metadata }) => metadata.finalizers ?? [])))
      finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
    const resources = left.map(
      ({ resource: { plural, group }, objects }) => `${plural}.${group} has ${objects.length} resource instances`,
    );
    const holders = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
    const old = asNamespace(namespace).status;
    const known = (old.conditions ?? []) as Condition[];
    const conditions = CONDITIONS.map(([type, fine, fineText, reason, text]) => {
      const what = type === 'NamespaceFinalizersRemaining' ? holders : resources;
      const remaining = reason !== undefined && what.length > 0;
      const status = remaining ? 'True' : 'False';
      const before = known.find((each) => each.type === type && each.status === status);
      return {
        type,
        status,
        lastTransitionTime: before?.lastTransitionTime ?? `${new Date().toISOString().slice(0, 19)}Z`,
        reason: remaining ? reason : fine,
        message: remaining ? `${text}: ${what.toSorted().join(', ')}` : fineText,
      };
    });
    if (JSON.stringify(old.conditions) === JSON.stringify(conditions)) return;
    await api.request('PUT', `/api/v1/namespaces/${namespace.metadata.name}/status`, {
      ...namespace,
      status: { ...old, conditions },
    });
  }

  const queue = new Reconciler(async (name) => {
    const namespace = store.get('namespaces', undefined, name);
    if (!namespace?.metadata.deletionTimestamp) return undefined;
    if (!asNamespace(namespace).spec.finalizers?.includes('kubernetes')) return undefined;
    for (const { resource, objects } of content(name))
      for (const { metadata } of objects.filter((object) => !object.metadata.deletionTimestamp))
        await api.request('DELETE', pathOf(resource, metadata), {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          propagationPolicy: 'Background',
        });
    const left = content(name);
    if (left.length === 0) await finalize(store.get('namespaces', undefined, name) ?? namespace);
    else await report(namespace, left);
    return left.length === 0 ? undefined : LOOK_AGAIN_MS;
  });
  const end = store.subscribe('namespaces', ({ type, object }) => {
    if (type !== 'DELETED' && object.metadata.deletionTimestamp) queue.add(object.metadata.name);
  });
  for (const { metadata } of store.list('namespaces')) if (metadata.deletionTimestamp) queue.add(metadata.name);
  return () => {
    end();
    queue.stop();
  };
}

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** pkg/controller/serviceaccount/serviceaccounts_controller.go and rootcacertpublisher: `default` and kube-root-ca.crt in every namespace. */
export function namespaceContents({ store, client, clusterCA }: ControllerContext): () => void {
  const accounts = new ControllerClient(client, 'service-account-controller');
  const publisher = new ControllerClient(client, 'root-ca-cert-publisher');

  async function publish(namespace: string): Promise<void> {
    const name = 'kube-root-ca.crt';
    const data = { 'ca.crt': clusterCA.certificate };
    const found = store.get('configmaps', namespace, name);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    if (found && JSON.stringify(found['data']) === JSON.stringify(data)) return;
    const metadata = { name, annotations: { 'kubernetes.io/description': DESCRIPTION } };
    const wanted = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    if (found) await publisher.request('PUT', `${path}/${name}`, { ...found, data });
    else await publisher.request('POST', path, wanted);
  }

  const queue = new Reconciler(async (name) => {
    const namespace = store.get('namespaces', undefined, name);
    if (!namespace || namespace.metadata.deletionTimestamp) return undefined;
    if (!store.get('serviceaccounts', name, 'default')) {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      await accounts.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, account);
    }
    await publish(name);
    return undefined;
  });
  const endNamespaces = store.subscribe('namespaces', ({ type, object }) => {
    if (type === 'ADDED') queue.add(object.metadata.name);
  });
  const endContents = subscribeAll(store, ['serviceaccounts', 'configmaps'], ({ type, object: { metadata, kind } }) => {
    const mine = kind === 'ServiceAccount' ? 'default' : 'kube-root-ca.crt';
    if (metadata.name === mine && (type === 'DELETED' || kind === 'ConfigMap')) queue.add(metadata.namespace ?? '');
  });
  for (const { metadata } of store.list('namespaces')) queue.add(metadata.name);
  return () => {
    endNamespaces();
    endContents();
    queue.stop();
  };
}

/** pkg/controller/serviceaccount/tokens_controller.go: token Secrets do not outlive their account. */
export function tokenCleanup({ store, client }: ControllerContext): () => void {
  const api = new ControllerClient(client, 'tokens-controller');
  const isTokenOf = (secret: KubeObject, account: KubeObject | undefined): boolean =>
    account !== undefined &&
    secret.metadata.annotations?.['kubernetes.io/service-account.uid'] === account.metadata.uid;
  const queue = new Reconciler(async (key) => {
    const { namespace, name } = splitKey(key);
    for (const secret of store.list('secrets', namespace)) {
      if (secret['type'] !== 'kubernetes.io/service-account-token') continue;
      if (secret.metadata.annotations?.['kubernetes.io/service-account.name'] !== name) continue;
      if (isTokenOf(secret, store.get('serviceaccounts', namespace, name))) continue;
      await api.request('DELETE', `/api/v1/namespaces/${namespace}/secrets/${secret.metadata.name}`);
    }
    return undefined;
  });
  const end = store.subscribe('serviceaccounts', ({ type, object }) => {
    if (type === 'DELETED') queue.add(keyOf(object));
  });
  return () => {
    end();
    queue.stop();
  };
}
