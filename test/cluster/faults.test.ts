import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, before, beforeEach, describe, it } from 'node:test';
import { FaultBox } from './faults.ts';
import { startCluster } from './index.ts';
import type { Cluster } from './index.ts';

interface Answer {
  status: number;
  headers: http2.IncomingHttpHeaders;
  body: { reason?: string; items?: unknown[]; dropped?: number };
}

describe('faults', () => {
  let cluster: Cluster;
  let session: http2.ClientHttp2Session;
  let token: string;

  const send = (method: string, path: string, body?: unknown, as = token): http2.ClientHttp2Stream => {
    const stream = session.request({
      ':method': method,
      ':path': path,
      authorization: `Bearer ${as}`,
      'content-type': 'application/json',
    });
    stream.end(body === undefined ? undefined : JSON.stringify(body));
    return stream;
  };

  const request = async (method: string, path: string, body?: unknown, as = token): Promise<Answer> => {
    const stream = send(method, path, body, as);
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader];
    const text = (await stream.setEncoding('utf8').toArray()).join('');
    return { status: headers[':status'] ?? 0, headers, body: JSON.parse(text) as Answer['body'] };
  };

  const tokenFor = async (username: string, groups: string[]): Promise<string> => {
    const config = JSON.parse(await cluster.kubeconfigFor({ username, groups })) as {
      users: { user: { token: string } }[];
    };
    return config.users[0]?.user.token ?? '';
  };

  const configMap = (name: string): unknown => ({ metadata: { name } });
  const collection = '/api/v1/namespaces/default/configmaps';

  before(async () => {
    cluster = await startCluster();
    session = http2.connect(cluster.url, { ca: cluster.caPem });
    token = await tokenFor('admin', ['system:masters']);
  });
  beforeEach(() => cluster.faults.clear());
  after(async () => {
    session.destroy();
    await cluster.stop();
  });

  it('refuses only what it matches, as often as it should', async () => {
    cluster.faults.add({
      verb: 'create',
      resource: 'configmaps',
      name: '',
      status: 503,
      retryAfterSeconds: 2,
      times: 1,
    });
    const refused = await request('POST', collection, configMap('refused'));
    assert.equal(refused.status, 503);
    assert.equal(refused.headers['retry-after'], '2');
    assert.equal((await request('GET', collection)).status, 200);
    assert.equal((await request('POST', collection, configMap('refused'))).status, 201);
  });

  it('hits only whom it names, and only the share that it names', async () => {
    const someone = await tokenFor('someone', ['system:masters']);
    cluster.faults.add({ user: 'someone', status: 500 });
    assert.equal((await request('GET', collection, undefined, someone)).status, 500);
    assert.equal((await request('GET', collection)).status, 200);
    const dice = [0.1, 0.9, 0.2];
    const box = new FaultBox(
      () => 0,
      () => dice.shift() ?? 1,
    );
    box.add({ share: 0.2 });
    const hits = [1, 2, 3].map(() => box.take({ verb: 'get', group: '', resource: 'pods' }) !== undefined);
    assert.deepEqual(hits, [true, false, false]);
  });

  it('loses the answer of a write that was made', async () => {
    cluster.faults.add({ verb: 'create', resource: 'configmaps', loseResponse: true, times: 1 });
    const stream = send('POST', collection, configMap('lost'));
    await assert.rejects(once(stream, 'response'));
    assert.ok(cluster.store.get('configmaps', 'default', 'lost'));
  });

  it('delays', async () => {
    cluster.faults.add({ resource: 'configmaps', latencyMs: 80 });
    const begin = performance.now();
    await request('GET', collection);
    assert.ok(performance.now() - begin >= 79);
  });

  it('cuts the watches that match, and no others', async () => {
    const watched = send('GET', `${collection}?watch=true&resourceVersion=0`).resume();
    const kept = send('GET', '/api/v1/namespaces/default/secrets?watch=true').resume();
    await Promise.all([once(watched, 'response'), once(kept, 'response')]);
    const closed = once(watched, 'close');
    assert.equal(cluster.faults.dropWatches({ resource: 'configmaps', namespace: 'default' }), 1);
    await closed;
    assert.equal(kept.closed, false);
    kept.close();
  });

  it('is set over HTTP by administrators, and by nobody else', async () => {
    const nobody = await tokenFor('nobody', []);
    assert.equal((await request('POST', '/faults', { status: 500 }, nobody)).status, 403);
    await request('POST', '/faults', { resource: 'secrets', status: 429 });
    assert.equal((await request('GET', '/faults')).body.items?.length, 1);
    assert.equal((await request('GET', '/api/v1/secrets')).status, 429);
    await request('DELETE', '/faults');
    assert.equal((await request('GET', '/api/v1/secrets')).status, 200);
  });

  it('does not touch the cluster itself', async () => {
    cluster.faults.add({ status: 500 });
    assert.equal((await cluster.client.request('GET', collection)).status, 200);
  });
});
