/** The verbs against an API server that means it: concurrency, field ownership, dry run, rights, and lost answers. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorError } from '../../src/errors.ts';
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isUnauthorized,
} from '../../src/kube/errors.ts';
import type { ConfigMap, Namespace, Service } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { apply, create, get, list, remove, replace } from '../../src/kube/verbs.ts';
import { clientOf } from '../support/cluster-client.ts';
import { startOwnCluster } from './own-cluster.ts';

const { cluster, client } = await startOwnCluster();

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const key = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });
const read = (name: string): Promise<ConfigMap | undefined> => get<ConfigMap>(client, RESOURCES.configMaps, key(name));

describe('reading', () => {
  it('gives undefined for what is not there, and raw JSON for what is', async () => {
    assert.equal(await read('nobody'), undefined);
    const namespace = await get<Namespace>(client, RESOURCES.namespaces, { name: 'default' });
    assert.equal(namespace?.status?.phase, 'Active');
    assert.equal(typeof namespace.metadata.creationTimestamp, 'string');
  });

  it('does not take a resource that is not served for an object that is not there', async () => {
    const unknown = { group: 'nowhere.dev', version: 'v1', plural: 'nothings', namespaced: false, kind: 'Nothing' };
    const notServed = (error: unknown): boolean => error instanceof OperatorError && error.code === 'SI2008';
    await assert.rejects(get(client, unknown, { name: 'a' }), notServed);
    await assert.rejects(remove(client, unknown, { name: 'a' }), notServed);
  });

  it('lists over pages, each object once and with its kind', async () => {
    for (let index = 0; index < 7; index++) await create(client, RESOURCES.configMaps, configMap(`page-${index}`, {}));
    const { items, resourceVersion } = await list<ConfigMap>(client, RESOURCES.configMaps, {
      namespace: 'default',
      limit: 2,
    });
    const names = items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('page-'));
    assert.deepEqual(
      names.sort(),
      [0, 1, 2, 3, 4, 5, 6].map((index) => `page-${index}`),
    );
    assert.ok(items.every(({ kind, apiVersion }) => kind === 'ConfigMap' && apiVersion === 'v1'));
    assert.notEqual(resourceVersion, '');
  });

  it('lists metadata alone when that is asked for', async () => {
    await create(client, RESOURCES.configMaps, configMap('meta', { big: 'x' }));
    const options = { namespace: 'default', metadataOnly: true, fieldSelector: 'metadata.name=meta' };
    const { items } = await list<ConfigMap>(client, RESOURCES.configMaps, options);
    assert.equal(items.length, 1);
    assert.equal(items[0]?.kind, 'ConfigMap');
    assert.equal(items[0]?.data, undefined);
  });

  it('repeats what the server was too busy for', async () => {
    cluster.faults.add({ verb: 'get', resource: 'configmaps', status: 429, retryAfterSeconds: 0, times: 2 });
    assert.equal(await read('nobody'), undefined);
    assert.deepEqual(cluster.faults.list(), []);
  });
});

describe('writing', () => {
  it('tells AlreadyExists from Conflict', async () => {
    const made = await create(client, RESOURCES.configMaps, configMap('twice'));
    await assert.rejects(
      create(client, RESOURCES.configMaps, configMap('twice')),
      (error) => isAlreadyExists(error) && !isConflict(error),
    );
    await replace(client, RESOURCES.configMaps, { ...made, data: { a: '1' } });
    await assert.rejects(
      replace(client, RESOURCES.configMaps, { ...made, data: { a: '2' } }),
      (error) => isConflict(error) && !isAlreadyExists(error),
    );
    assert.deepEqual((await read('twice'))?.data, { a: '1' });
  });

  it('changes nothing in a dry run, but says what would be', async () => {
    const planned = await create(client, RESOURCES.configMaps, configMap('planned'), { dryRun: true });
    assert.ok(planned.metadata.uid);
    assert.equal(await read('planned'), undefined);
  });

  it('refuses unknown fields instead of dropping them', async () => {
    const odd = { ...configMap('odd'), dta: {} };
    await assert.rejects(
      create(client, RESOURCES.configMaps, odd),
      (error) => error instanceof ApiError && /dta/.test(error.message),
    );
  });

  it('throws the words of the server for an invalid object', async () => {
    const bad = configMap('Not A Name');
    await assert.rejects(
      create(client, RESOURCES.configMaps, bad),
      (error) => isInvalid(error) && /metadata\.name/.test(error.message),
    );
  });

  it('deletes only the object that was meant', async () => {
    const made = await create(client, RESOURCES.configMaps, configMap('mine'));
    const other = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
    await assert.rejects(remove(client, RESOURCES.configMaps, key('mine'), other), isConflict);
    assert.equal(
      await remove(client, RESOURCES.configMaps, key('mine'), { preconditions: { uid: made.metadata.uid } }),
      true,
    );
    assert.equal(await remove(client, RESOURCES.configMaps, key('mine')), false);
  });

  it('does not send a create again whose answer was lost, and leaves it to the caller', async () => {
    cluster.faults.add({ verb: 'create', resource: 'configmaps', loseResponse: true, times: 1 });
    await assert.rejects(create(client, RESOURCES.configMaps, configMap('lost')), /cannot be reached/);
    assert.ok(await read('lost'));
  });
});

describe('server-side apply', () => {
  it('creates, keeps the fields of others, and takes its own back', async () => {
    await apply(client, RESOURCES.configMaps, configMap('applied', { ours: '1' }));
    await apply(client, RESOURCES.configMaps, configMap('applied', { theirs: '2', ours: '9' }), {
      fieldManager: 'somebody',
    });
    assert.deepEqual((await read('applied'))?.data, { ours: '9', theirs: '2' });
    await apply(client, RESOURCES.configMaps, configMap('applied', { ours: '1' }));
    assert.deepEqual((await read('applied'))?.data, { ours: '1', theirs: '2' });
    await apply(client, RESOURCES.configMaps, configMap('applied', {}));
    assert.deepEqual((await read('applied'))?.data, { theirs: '2' });
  });

  it('without force yields to other owners', async () => {
    await apply(client, RESOURCES.configMaps, configMap('fought', { a: '1' }), { fieldManager: 'somebody' });
    await assert.rejects(
      apply(client, RESOURCES.configMaps, configMap('fought', { a: '2' }), { force: false }),
      isConflict,
    );
  });

  it('is repeated when its answer was lost, as that changes nothing more', async () => {
    const undo = cluster.faults.add({ verb: 'patch', resource: 'configmaps', loseResponse: true, times: 1 });
    const applied = await apply(client, RESOURCES.configMaps, configMap('again', { a: '1' }));
    undo();
    assert.deepEqual(applied.data, { a: '1' });
  });

  it('writes the status of an object and nothing else', async () => {
    const service = (labels: Record<string, string>): Service & { status?: unknown } => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'with-status', namespace: 'default', labels },
      spec: { ports: [{ port: 443, targetPort: 10_250 }] },
    });
    await apply(client, RESOURCES.services, service({ a: '1' }));
    const { spec: _, ...status } = service({ a: 'changed' });
    await apply(
      client,
      RESOURCES.services,
      { ...status, status: { loadBalancer: { ingress: [{ ip: '10.0.0.1', ipMode: 'VIP' }] } } },
      { subresource: 'status' },
    );
    const live = await get<Service & { status?: unknown }>(client, RESOURCES.services, key('with-status'));
    assert.deepEqual(live?.status, { loadBalancer: { ingress: [{ ip: '10.0.0.1', ipMode: 'VIP' }] } });
    assert.equal(live?.spec?.ports?.[0]?.port, 443);
  });
});

describe('rights', () => {
  it('that are missing are Forbidden, and credentials that are wrong Unauthorized', async () => {
    const nobody = clientOf(await cluster.kubeconfigFor({ username: 'nobody', groups: ['system:authenticated'] }));
    await assert.rejects(list(nobody, RESOURCES.secrets, { namespace: 'default' }), isForbidden);
    await nobody.close();
    const kubeconfig = (await cluster.kubeconfigFor({ username: 'x', groups: [] })).replace(
      /"token":\s*"[^"]+"/,
      '"token":"wrong"',
    );
    const stranger = clientOf(kubeconfig);
    await assert.rejects(list(stranger, RESOURCES.secrets, { namespace: 'default' }), isUnauthorized);
    await stranger.close();
  });
});
