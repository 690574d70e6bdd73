import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startCluster, type Cluster } from '../cluster/index.ts';
import { until } from '../support/until.ts';
import { createReplayClient, type ReplayClient } from './replay/client.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const CHANGES = 300;
const SIZE = 100_000;
/** What a connection holds on its way: buffers of TLS and of the sockets, some of which the kernel lets grow. */
const IN_FLIGHT = 12_000_000;

const directory = mkdtempSync(path.join(tmpdir(), 'slow-watcher-'));
let cluster: Cluster;
let client: ReplayClient;

before(async () => {
  cluster = await startCluster({ historySize: 100 });
  const kubeconfig = path.join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.adminKubeconfig());
  client = createReplayClient(kubeconfig);
});
after(async () => {
  client.close();
  await cluster.stop();
  rmSync(directory, { recursive: true });
});

test('a watcher that does not read is dropped, keeps nothing, and holds up nobody', async () => {
  const open = async () =>
    (await client.open({ method: 'GET', path: `${CONFIG_MAPS}?watch=true&labelSelector=filler` })).stream;
  const [fast, slow] = [await open(), await open()];
  let seen = 0;
  fast.setEncoding('utf8').on('data', (chunk: string) => {
    seen += chunk.split('\n').length - 1;
  });
  for (let index = 0; index < CHANGES; index++) {
    const metadata = { name: `c-${index}`, labels: { filler: '' } };
    const body = JSON.stringify({ metadata, data: { filler: 'x'.repeat(SIZE) } });
    const { status } = await client.send({ method: 'POST', path: CONFIG_MAPS, body });
    assert.equal(status, 201);
  }
  await until('the one that reads has seen all', () => seen === CHANGES);

  let bytes = 0;
  slow.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(slow, 'close');
  assert.ok(bytes < IN_FLIGHT, `${bytes} bytes had been kept for it`);
  assert.ok(CHANGES * SIZE > 2 * IN_FLIGHT);
});
