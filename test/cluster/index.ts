/** An in-memory Kubernetes cluster: API servers, their storage and the controllers in one process. */
import { randomBytes } from 'node:crypto';
import type { AuditEntry, ResolveService } from './admission/index.ts';
import { createApiServer } from './api-server.ts';
import type { ServerOptions } from './api-server.ts';
import { bootstrapObjects, clusterRoleAggregation, createAuthenticator, createAuthorizer } from './auth/index.ts';
import { builtinResources } from './builtin/index.ts';
import { controllers, nodeControllers } from './controllers/index.ts';
import { customResourceDefinitionController, customResourceDefinitionResource } from './crd/index.ts';
import { FaultBox } from './faults.ts';
import type { Faults } from './faults.ts';
import { listen } from './http/server.ts';
import { RunningWatches } from './http/running-watches.ts';
import { createAuthority, createIdentity } from './identity.ts';
import { kubeconfig } from './kubeconfig.ts';
import { createLocalClient } from './local-client.ts';
import { createRegistry } from './registry.ts';
import { Store } from './storage/store.ts';
import type { LocalClient, ObjectStore, Registry, User } from './types.ts';

export type { ServerOptions } from './api-server.ts';
export type { Fault, FaultMatch, Faults } from './faults.ts';
export type { KubeObject, LocalClient, ObjectStore, Registry } from './types.ts';

export interface ClusterOptions {
  /** The API servers over the one storage; by default one that is never late. */
  servers?: readonly ServerOptions[];
  /** Events that are kept for each resource, for watches that come back. */
  historySize?: number;
  /** True: a node `node-1` runs the pods. Without it they stay Pending. */
  nodes?: boolean;
  /** Where Services lead; by default to the ready pods that they select. */
  resolveService?: ResolveService;
}

export interface Cluster {
  /** https://127.0.0.1:PORT of the first API server. */
  url: string;
  /** Those of all API servers. */
  urls: readonly string[];
  /** Certificate of the cluster's authority: it signs the server, clients, and what its signers sign. */
  caPem: string;
  /** Kubeconfig (JSON) of an administrator, with a client certificate, for one of the API servers: the first by default. */
  adminKubeconfig(server?: number): string;
  /** Kubeconfig (JSON) of a service account, or of any other user. */
  kubeconfigFor(user: { serviceAccount: { namespace: string; name: string } } | User): Promise<string>;
  store: ObjectStore;
  registry: Registry;
  faults: Faults;
  /** Requests from within, with all rights, through the whole write path but without faults. */
  client: LocalClient;
  /** What admission of the first API server noted about the last requests, as the audit log would. */
  audit: readonly AuditEntry[];
  stop(): Promise<void>;
}

/** Starts a cluster. It runs until `stop` is called. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const now = new Date();
  const authority = createAuthority('kubernetes', now);
  const store = new Store(options.historySize);
  const tokens: Record<string, User> = {};
  const authenticator = createAuthenticator({ store, clientCA: authority.certificate, tokens });
  const authorizer = createAuthorizer(store);
  const watches = new RunningWatches();
  const registry: Registry = createRegistry([...builtinResources(), customResourceDefinitionResource()], () =>
    watches.endUnserved(registry),
  );
  const faults = new FaultBox((match) => watches.drop(match));
  const { servers: wanted = [{}], resolveService } = options;
  const shared = { store, registry, authorizer, faults, watches, ...(resolveService && { resolveService }) };
  const servers = wanted.map((server) => createApiServer(shared, server));
  const [first] = servers;
  if (first === undefined) throw new Error('a cluster needs an API server');
  const client = createLocalClient(() => first.serving);
  for (const object of bootstrapObjects()) await client.request('POST', collectionOf(registry, object), object);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    await client.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const context = { store, registry, client, clusterCA: authority };
  const nodes = options.nodes ? nodeControllers : [];
  const running = [...controllers, ...nodes, customResourceDefinitionController, clusterRoleAggregation].map((run) =>
    run(context),
  );
  store.compact();
  const identity = createIdentity(
    authority,
    {
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      addresses: [Buffer.from([127, 0, 0, 1]), Buffer.from([10, 96, 0, 1])],
      usage: 'server auth',
    },
    now,
  );
  const listening = await Promise.all(
    servers.map(({ serving }, index) =>
      listen(serving, { port: wanted[index]?.port ?? 0, identity, clientCA: authority.certificate, authenticator }),
    ),
  );
  const urls = listening.map(({ port }) => `https://127.0.0.1:${port}`);
  const [url = ''] = urls;
  const caPem = authority.certificate;
  return {
    url,
    urls,
    caPem,
    store,
    registry,
    faults,
    client,
    adminKubeconfig(server = 0) {
      const admin = {
        commonName: 'kubernetes-admin',
        organizations: ['system:masters'],
        usage: 'client auth' as const,
      };
      const credentials = createIdentity(authority, admin, new Date());
      const address = urls[server];
      if (address === undefined) throw new Error(`there is no API server ${server}`);
      return kubeconfig({ url: address, caPem, user: 'kubernetes-admin', credentials });
    },
    async kubeconfigFor(user) {
      if ('username' in user) {
        const token = randomBytes(24).toString('hex');
        tokens[token] = user;
        return kubeconfig({ url, caPem, user: user.username, credentials: { token } });
      }
      const { namespace, name } = user.serviceAccount;
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const { status, body } = await client.request('POST', path, review);
      if (status !== 201) throw new Error(String(body['message']));
      const { token } = body['status'] as { token: string };
      return kubeconfig({ url, caPem, user: `${namespace}/${name}`, namespace, credentials: { token } });
    },
    audit: first.audit,
    async stop() {
      for (const end of running) end();
      for (const server of servers) server.close();
      await Promise.all(listening.map((server) => server.close()));
    },
  };
}

/** The URL that objects of this kind are posted to. */
function collectionOf(
  registry: Registry,
  object: { apiVersion: string; kind: string; metadata: { namespace?: string } },
): string {
  const [version = '', group = ''] = object.apiVersion.split('/').toReversed();
  const resource = registry.findKind(group, version, object.kind);
  if (!resource) throw new Error(`no resource serves ${object.apiVersion} ${object.kind}`);
  const { namespace } = object.metadata;
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return `${root}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${resource.plural}`;
}
