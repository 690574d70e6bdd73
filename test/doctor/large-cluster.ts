/**
 * A cluster with many injectors and namespaces and no operator, in a process of its own:
 * `node test/doctor/large-cluster.ts KUBECONFIG INJECTORS NAMESPACES`
 */
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { objectName, secretName } from '../../src/api/v1alpha1/names.ts';
import { desiredService, desiredWebhookConfiguration } from '../../src/domain/plan-objects.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { createAuthority, issueServing } from '../../src/pki/authority.ts';
import { generatePrivateKey } from '../../src/pki/keys.ts';
import { startCluster, type Cluster, type KubeObject as StoredObject } from '../cluster/index.ts';
import { loadManifests } from '../e2e/support/manifests.ts';
import { applyAll } from '../e2e/support/objects.ts';
import { clientOf } from '../support/cluster-client.ts';
import { injector, NAMESPACE } from './facts.ts';

const [kubeconfig = '', injectors = '0', namespaces = '0'] = process.argv.slice(2);
/** So many of the injectors select no namespace. */
const IDLE = 50;

/** Straight into the storage: what is measured is doctor. */
const store = ({ store: storage }: Cluster, key: string, object: object): void => {
  const { metadata, ...rest } = object as KubeObject;
  const made = { uid: `${key}/${metadata.name}`, ...metadata, creationTimestamp: '2026-01-01T00:00:00Z' };
  storage.create(key, { ...rest, metadata: made } as StoredObject);
};

/** One certificate for all of them, which names the first. */
const identityForAll = async (): Promise<{ data: Record<string, string>; ca: string }> => {
  const now = new Date();
  const authority = await createAuthority({ name: 'authority', now, lifetimeSeconds: 86_400, keySize: 2048 });
  const keyPem = await generatePrivateKey(2048);
  const dnsNames = [`${objectName('injector-0')}.${NAMESPACE}.svc`];
  const identity = { commonName: 'one for all', dnsNames, ipAddresses: [] };
  const publicKey = createPublicKey(keyPem);
  const leaf = await issueServing({ authority, publicKey, identity, now, lifetimeSeconds: 3600 });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const data = { 'tls.crt': base64(leaf), 'tls.key': base64(keyPem), 'ca.crt': base64(authority.certificate) };
  return { data, ca: authority.certificate };
};

const cluster = await startCluster();
const client = clientOf(cluster.adminKubeconfig());
await applyAll(client, ['config/namespaces', 'crds', 'config/rbac', 'config/probe'].flatMap(loadManifests));
await client.close();
const { data, ca } = await identityForAll();
for (let index = 0; index < Number(namespaces); index += 1) {
  const name = `ns-${index}`;
  const selected = `injector-${index % (Number(injectors) - IDLE)}`;
  const labels = { 'kubernetes.io/metadata.name': name, inject: selected, team: `team-${index}` };
  store(cluster, 'namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
    status: { phase: 'Active' },
  });
}
const operator = { namespace: NAMESPACE, webhookPort: 10_250 };
for (let index = 0; index < Number(injectors); index += 1) {
  const subject = injector(`injector-${index}`);
  const { name } = subject.metadata;
  store(cluster, 'sidecarinjectors.sidecarinjector.dev', subject);
  store(cluster, 'services', desiredService(subject, operator, undefined));
  const configuration = desiredWebhookConfiguration(subject, operator, ca);
  store(cluster, 'mutatingwebhookconfigurations.admissionregistration.k8s.io', configuration);
  const labels = { 'app.kubernetes.io/managed-by': 'sidecar-injector' };
  const metadata = { name: secretName(name), namespace: NAMESPACE, labels };
  store(cluster, 'secrets', { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data });
}
writeFileSync(kubeconfig, cluster.adminKubeconfig());
console.log('filled');
process.once('SIGTERM', () => void cluster.stop().then(() => process.exit(0)));
