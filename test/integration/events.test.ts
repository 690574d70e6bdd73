/** Events as an API server accepts and counts them. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EventRecorder } from '../../src/kube/events.ts';
import type { Event } from '../../src/kube/objects.ts';
import { RESOURCES } from '../../src/kube/resources.ts';
import { list } from '../../src/kube/verbs.ts';
import { silentLogger } from '../../src/observe/log.ts';
import { startOwnCluster } from './own-cluster.ts';

const { client } = await startOwnCluster();

describe('the recorder', () => {
  it('writes Events of cluster-scoped and of namespaced objects, and their series', async () => {
    let dropped = 0;
    const recorder = new EventRecorder({
      client,
      log: silentLogger,
      instance: 'replica-1',
      now: () => Date.now(),
      onDrop: () => dropped++,
    });
    const cause = {
      type: 'Warning',
      reason: 'Repaired',
      action: 'Repair',
      note: 'caBundle was changed by hand',
    } as const;
    const injector = { apiVersion: 'sidecarinjector.dev/v1alpha1', kind: 'SidecarInjector', name: 'nginx', uid: 'u1' };
    for (let time = 0; time < 3; time++) recorder.record({ ...cause, regarding: injector });
    recorder.record({
      ...cause,
      regarding: { apiVersion: 'v1', kind: 'Pod', name: 'p', namespace: 'kube-system', uid: 'u2' },
    });
    await recorder.close();
    assert.equal(dropped, 0);
    const { items } = await list<Event>(client, RESOURCES.events);
    const mine = items.filter(({ reportingInstance }) => reportingInstance === 'replica-1');
    assert.deepEqual(
      mine.map(({ metadata, regarding, series }) => `${metadata.namespace}/${regarding.name} x${series?.count}`).sort(),
      ['default/nginx x3', 'kube-system/p xundefined'],
    );
  });
});
