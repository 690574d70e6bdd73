/** Whom the leader believes: the handshake before the report, and nobody who has been silent for long. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { replicaLeaseName, REPORT_ANNOTATION, writeReport, type InjectorReport } from '../../domain/replica.ts';
import type { KubeClient } from '../../kube/client.ts';
import { Refusals } from '../serving/refusals.ts';
import { Replicas, type ReplicasOptions } from './replicas.ts';
import { RolloverMemory } from './rollover.ts';

const SAID: InjectorReport = { secret: 'uid', seq: 7, served: 'old', trusts: 'bundle', refusals: 0 };
const report = (replica: string, more: Partial<InjectorReport> = {}) => ({
  replica,
  host: replica,
  port: 1,
  injectors: { nginx: { ...SAID, ...more } },
});

/** A cluster with one other replica, whose report can be changed. */
function fleet(handshake: NonNullable<ReplicasOptions['handshake']>, other: Partial<InjectorReport> = {}) {
  const clock = new ManualClock();
  const lease: { version: number; text: string; times?: (string | undefined)[] } = {
    version: 1,
    text: writeReport(report('b', other)),
  };
  const removed: string[] = [];
  const request = async ({ method, path }: { method?: string; path: string }): Promise<unknown> => {
    if (method === 'DELETE') {
      removed.push(path);
      return {};
    }
    const annotations = { [REPORT_ANNOTATION]: lease.text };
    const taken = (index: number) => ({ managedFields: [{}, { time: lease.times?.[index] }] });
    const metadata = { name: 'lease-b', uid: 'b', resourceVersion: String(lease.version), annotations };
    const own = { name: replicaLeaseName('a'), uid: 'a', resourceVersion: '1', ...taken(0) };
    return { items: [{ metadata: { ...metadata, ...taken(1) } }, { metadata: own }], metadata: {} };
  };
  const client = { request } as unknown as KubeClient;
  const replicas = new Replicas({ client, namespace: 'ns', self: () => report('a'), clock, handshake });
  const look = (probe: boolean) =>
    replicas.look({ injector: 'nginx', secret: 'uid', trusts: 'bundle', probe }, new AbortController().signal);
  const factsOfOther = async (probe = true) => {
    // What was listed a moment ago is not listed again.
    await clock.advance(1000);
    const { replicas: facts } = await look(probe);
    assert.equal(facts.length, 2);
    const found = facts.find(({ name }) => name !== 'a');
    assert.ok(found);
    return found;
  };
  return { clock, lease, removed, factsOfOther };
}

describe('what the leader knows of a replica', () => {
  test('a handshake counts more than the report; without one the report has to do', async () => {
    const shown = fleet(async () => 'new');
    assert.equal((await shown.factsOfOther()).served, 'new');
    assert.equal((await shown.factsOfOther(false)).served, 'old');
    const blocked = fleet(async () => Promise.reject(new Error('a network policy')));
    assert.equal((await blocked.factsOfOther()).served, 'old');
  });

  test('how long it has served that is counted anew with each change', async () => {
    let served = 'x';
    const { clock, factsOfOther } = fleet(async () => served);
    assert.equal((await factsOfOther()).servedForMs, 0);
    await clock.advance(9000);
    assert.equal((await factsOfOther()).servedForMs, 10_000);
    served = 'y';
    assert.equal((await factsOfOther()).servedForMs, 0);
  });

  test('a report about another Secret is no word about this one', async () => {
    const other = fleet(async () => 'x', { secret: 'deleted long ago', seq: 99 });
    assert.equal((await other.factsOfOther()).seq, -1);
    assert.equal((await fleet(async () => 'x').factsOfOther()).seq, 7);
    assert.equal((await fleet(async () => 'x', { trusts: 'older' }).factsOfOther()).trustsPublished, false);
  });

  test('a report in words of a newer version: it is there, and has followed nothing, until it is silent', async () => {
    const { clock, lease, factsOfOther } = fleet(async () => 'old');
    for (const text of ['v2:{}', '', '{"version":2,"replica":"b"}']) {
      lease.text = text;
      lease.version += 1;
      const { live, seq, served, trustsPublished } = await factsOfOther();
      assert.deepEqual([live, seq, served, trustsPublished], [true, -1, undefined, false], text);
    }
    await clock.advance(30_000);
    assert.equal((await factsOfOther()).live, false);
  });

  test('how long it is silent shows in what API servers say, too', async () => {
    const { lease, removed, factsOfOther } = fleet(async () => Promise.reject(new Error('nobody there')));
    lease.times = ['2026-01-01T00:01:00Z', '2026-01-01T00:00:01Z'];
    assert.equal((await factsOfOther()).live, true, 'clocks of API servers may differ');
    lease.times[0] = '2026-01-01T00:01:02Z';
    assert.equal((await factsOfOther()).live, false, 'the first look of a new leader is enough');
    assert.deepEqual(removed, []);
    lease.times = ['2026-01-01T00:01:02Z'];
    assert.equal((await factsOfOther()).live, true, 'nothing is said');
    lease.times = ['2026-01-01T00:03:00Z', '2026-01-01T00:00:01Z'];
    await factsOfOther();
    assert.equal(removed.length, 1);
  });

  test('without a sign of life it counts only while it still serves what it said, and is forgotten in the end', async () => {
    let served = 'something else';
    const { clock, lease, removed, factsOfOther } = fleet(async () => served);
    assert.equal((await factsOfOther()).live, true);
    await clock.advance(20_000);
    lease.version += 1;
    assert.equal((await factsOfOther()).live, true);
    await clock.advance(30_000);
    assert.equal((await factsOfOther()).live, false, 'its address may be that of another by now');
    served = 'old';
    assert.equal((await factsOfOther()).live, true, 'only its reports are late');
    assert.deepEqual(removed, []);
    await clock.advance(120_000);
    await factsOfOther();
    assert.equal(removed.length, 1);
  });
});

test('only refusals since the phase began count, each replica by itself', () => {
  const memory = new RolloverMemory();
  const counts = (a: number, b: number) => new Map(Object.entries({ a, b }));
  assert.equal(memory.refusals('uid/1', counts(5, 9), 1000).refusals, 0);
  assert.equal(memory.refusals('uid/1', counts(5, 9), 2000).refusals, 0);
  const { refusals, firstRefusalAgoMs, lastRefusalAgoMs } = memory.refusals('uid/1', counts(7, 9), 3000);
  assert.deepEqual([refusals, firstRefusalAgoMs, lastRefusalAgoMs], [2, 0, 0]);
  const later = memory.refusals('uid/1', counts(7, 10), 5000);
  assert.deepEqual([later.refusals, later.firstRefusalAgoMs, later.lastRefusalAgoMs], [3, 2000, 0]);
  // A replica that began anew counts from zero.
  assert.equal(memory.refusals('uid/1', counts(0, 10), 6000).refusals, 1);
  assert.equal(memory.refusals('uid/2', counts(1, 10), 7000).refusals, 0);
});

test('a refusal counts for the injector that was called, and only where the certificate was the reason', () => {
  const refusals = new Refusals('ns');
  let told = 0;
  refusals.onChange(() => {
    told += 1;
  });
  const event = { servername: 'sidecar-injector-nginx.ns.svc', remoteAddress: '10.0.0.1', untrusted: true };
  refusals.note(event);
  refusals.note({ ...event, untrusted: false });
  refusals.note({ ...event, servername: 'other.svc' });
  assert.deepEqual(refusals.of('nginx'), { count: 1, by: '10.0.0.1' });
  assert.equal(refusals.of('other').count, 0);
  assert.equal(told, 1);
});
