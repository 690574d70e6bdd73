/** sidecarMode Auto asks the cluster what its kubelets can do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kubelets } from '../../src/controllers/kubelets.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnCluster } from './own-cluster.ts';

const { client } = await startOwnCluster();

const nodes = { path: '/api/v1/nodes', method: 'POST' } as const;
const addNode = async (name: string, kubeletVersion: string): Promise<void> => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  await client.request({ ...nodes, body: node });
  const status = { nodeInfo: { kubeletVersion } };
  await client.request({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status },
  });
};

/** What a replica that starts now finds out. */
const found = async (wanted = () => true): Promise<boolean | undefined> => {
  const stopping = new AbortController();
  const kubelets = new Kubelets({ client, clock: systemClock, log: silentLogger, wanted });
  const running = kubelets.run(stopping.signal);
  try {
    return await eventually(() =>
      kubelets.nativeSidecars === undefined ? false : { is: kubelets.nativeSidecars },
    ).then(({ is }) => is);
  } finally {
    stopping.abort();
    await running;
  }
};

test('one old node is enough for plain sidecars; without it they are native', async () => {
  await addNode('new', 'v1.36.0');
  assert.equal(await found(), true);
  await addNode('old', 'v1.28.15');
  assert.equal(await found(), false);
});

test('nobody looks at nodes until somebody wants to know', async () => {
  let asked = 0;
  const stopping = new AbortController();
  const wanted = (): boolean => {
    asked += 1;
    stopping.abort();
    return false;
  };
  const kubelets = new Kubelets({ client, clock: systemClock, log: silentLogger, wanted });
  await kubelets.run(stopping.signal);
  assert.deepEqual([asked, kubelets.nativeSidecars], [1, undefined]);
});
