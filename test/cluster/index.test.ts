import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startCluster } from './index.ts';
import type { Cluster } from './index.ts';
import type { JsonObject } from './types.ts';

interface Credentials {
  token?: string;
  'client-certificate-data'?: string;
  'client-key-data'?: string;
}

describe('the cluster', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
  });
  after(() => cluster.stop());

  const credentials = (kubeconfig: string): Credentials => {
    const [user] = (JSON.parse(kubeconfig) as { users: { user: Credentials }[] }).users;
    assert.ok(user);
    return user.user;
  };

  /** GET over HTTP/1.1. */
  const get = async (path: string, { token, ...pair }: Credentials): Promise<{ status: number; body: JsonObject }> => {
    const decode = (text: string | undefined): string | undefined => text && Buffer.from(text, 'base64').toString();
    const request = https.get(cluster.url + path, {
      ca: cluster.caPem,
      cert: decode(pair['client-certificate-data']),
      key: decode(pair['client-key-data']),
      agent: false,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = (await response.setEncoding('utf8').toArray()).join('');
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as JsonObject };
  };

  it('knows the administrator by his certificate', async () => {
    const { status, body } = await get('/api/v1/namespaces/kube-system', credentials(cluster.adminKubeconfig()));
    assert.equal(status, 200);
    assert.equal((body['metadata'] as { name: string }).name, 'kube-system');
  });

  it('knows service accounts, who may do nothing yet, and strangers', async () => {
    const account = { namespace: 'default', name: 'default' };
    await eventually(() => cluster.store.get('serviceaccounts', 'default', 'default'));
    const refused = await get('/api/v1/secrets', credentials(await cluster.kubeconfigFor({ serviceAccount: account })));
    assert.match(
      String(refused.body['message']),
      /^secrets is forbidden: User "system:serviceaccount:default:default"/v,
    );
    assert.equal((await get('/api/v1/secrets', { token: 'wrong' })).status, 401);
    assert.equal((await get('/api/v1/secrets', {})).status, 403);
  });

  it('lets pages that come too late go on with what is there now', async () => {
    const small = await startCluster({ historySize: 5 });
    const path = '/api/v1/namespaces/default/configmaps';
    const write = (name: string): unknown => small.client.request('POST', path, { metadata: { name } });
    for (const name of ['a', 'b', 'c']) await write(name);
    const first = await small.client.request('GET', `${path}?limit=1`);
    const next = String((first.body['metadata'] as JsonObject)['continue']);
    for (let index = 0; index < 20; index++) await write(`d${index}`);
    const late = await small.client.request('GET', `${path}?limit=1&continue=${next}`);
    assert.equal(late.status, 410);
    const token = String((late.body['metadata'] as JsonObject)['continue']);
    const rest = await small.client.request('GET', `${path}?continue=${token}`);
    const items = rest.body['items'] as { metadata: { name: string } }[];
    assert.deepEqual(
      [items[0]?.metadata.name, items.length],
      ['b', small.store.list('configmaps', 'default').length - 1],
    );
    await small.stop();
  });

  it('ends the watches of custom resources with their definition', async () => {
    const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } };
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await cluster.client.request('POST', definitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: { group: 'example.com', scope: 'Cluster', names, versions: [version] },
    });
    await eventually(() => cluster.registry.find('example.com', 'v1', 'widgets'));
    const { token = '' } = credentials(await cluster.kubeconfigFor({ username: 'a', groups: ['system:masters'] }));
    const session = http2.connect(cluster.url, { ca: cluster.caPem });
    const path = '/apis/example.com/v1/widgets?watch=true';
    const stream = session.request({ ':path': path, authorization: `Bearer ${token}` }).resume();
    await once(stream, 'response');
    const ended = once(stream, 'end');
    await cluster.client.request('DELETE', `${definitions}/widgets.example.com`);
    await ended;
    session.destroy();
  });

  it('runs as several API servers over one storage, each with its own delays', async () => {
    const twins = await startCluster({ servers: [{}, { watchLagMs: 60_000, configurationLagMs: 60_000 }] });
    assert.equal(new Set(twins.urls).size, 2);
    const { token = '' } = credentials(await twins.kubeconfigFor({ username: 'a', groups: ['system:masters'] }));
    const sessions = twins.urls.map((url) => http2.connect(url, { ca: twins.caPem }));
    const ask = (server: number, path: string, method = 'GET', body?: unknown): http2.ClientHttp2Stream => {
      const headers = { ':path': path, ':method': method, authorization: `Bearer ${token}` };
      const stream = sessions[server]?.request({ ...headers, 'content-type': 'application/json' });
      assert.ok(stream);
      return stream.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const statusOf = async (stream: http2.ClientHttp2Stream): Promise<number | undefined> => {
      const [headers] = (await once(stream.resume(), 'response')) as [http2.IncomingHttpStatusHeader];
      return headers[':status'];
    };
    const configMaps = '/api/v1/namespaces/default/configmaps';
    const told = [0, 1].map((server) => {
      const stream = ask(server, `${configMaps}?watch=true`).setEncoding('utf8');
      const chunks: string[] = [];
      stream.on('data', (chunk: string) => chunks.push(chunk));
      return { chunks, accepted: once(stream, 'response') };
    });
    await Promise.all(told.map(({ accepted }) => accepted));
    // It fails closed and leads nowhere: whoever knows it refuses.
    const clientConfig = { url: 'https://127.0.0.1:1/' };
    const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'] }];
    const webhook = { name: 'a.b.c', clientConfig, rules, sideEffects: 'None', admissionReviewVersions: ['v1'] };
    const configuration = { metadata: { name: 'x' }, webhooks: [webhook] };
    const hooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    assert.equal(await statusOf(ask(0, hooks, 'POST', configuration)), 201);
    assert.equal(await statusOf(ask(1, configMaps, 'POST', { metadata: { name: 'x' } })), 201);
    assert.equal(await statusOf(ask(0, `${configMaps}/x`)), 200);
    const secret = { metadata: { generateName: 'x-' } };
    const secrets = configMaps.replace('configmaps', 'secrets');
    assert.equal(await statusOf(ask(0, secrets, 'POST', secret)), 500);
    assert.equal(await statusOf(ask(1, secrets, 'POST', secret)), 201);
    await eventually(() => told[0]?.chunks.join('').includes('"x"'));
    assert.deepEqual(told[1]?.chunks.join('').includes('"x"'), false);
    for (const session of sessions) session.destroy();
    await twins.stop();
  });
});
