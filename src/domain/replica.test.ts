import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  REPLICA_LABEL,
  REPORT_ANNOTATION,
  readReport,
  replicaLeaseName,
  writeReport,
  type InjectorReport,
} from './replica.ts';

const injector: fc.Arbitrary<InjectorReport> = fc.record(
  {
    secret: fc.string(),
    seq: fc.nat(),
    served: fc.string(),
    trusts: fc.string(),
    refusals: fc.nat(),
    refusedBy: fc.ipV6(),
  },
  { requiredKeys: ['secret', 'seq', 'served', 'trusts', 'refusals'], noNullPrototype: true },
);

test('a report is read as it was written', () => {
  const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.nat(65_535),
      fc.dictionary(names, injector, { noNullPrototype: true }),
      (replica, host, port, injectors) => {
        const report = { replica, host, port, injectors };
        assert.deepEqual(readReport(writeReport(report)), report);
      },
    ),
  );
});

test('what is no report is none, and one odd entry does not spoil the others', () => {
  for (const text of [
    undefined,
    '',
    '{',
    '[]',
    'null',
    '{"replica":"a"}',
    '{"replica":"a","host":"h","port":1}',
    '{"replica":"a","host":"h","port":1,"injectors":[]}',
    '{"replica":"a","host":"h","port":1,"injectors":"x"}',
    '{"replica":1,"host":"h","port":1,"injectors":{}}',
    '{"replica":"a","host":1,"port":1,"injectors":{}}',
    '{"replica":"a","host":"h","port":"1","injectors":{}}',
  ]) {
    assert.equal(readReport(text), undefined);
  }
  const good = { secret: 's', seq: 1, served: 'a', trusts: 'b', refusals: 0 };
  const odd = [
    { ...good, secret: 1 },
    { ...good, seq: '1' },
    { ...good, seq: 1.5 },
    { ...good, served: null },
    { ...good, trusts: undefined },
    { ...good, refusals: undefined },
    'x',
    null,
  ];
  const text = JSON.stringify({
    replica: 'a',
    host: 'h',
    port: 1,
    injectors: { good, ...Object.fromEntries(odd.entries()) },
  });
  assert.deepEqual(readReport(text)?.injectors, { good });
});

test('what only a newer version says is passed over', () => {
  const said = { secret: 's', seq: 1, served: 'a', trusts: 'b', refusals: 0 };
  const newer = {
    version: 2,
    replica: 'a',
    host: 'h',
    port: 1,
    zone: { a: 1 },
    injectors: { x: { ...said, load: [1] } },
  };
  const { injectors, ...rest } = readReport(JSON.stringify(newer)) ?? {};
  assert.deepEqual(rest, { replica: 'a', host: 'h', port: 1 });
  assert.partialDeepStrictEqual(injectors, { x: said });
});

test('every identity gives a name that a Lease may have', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\w.-]{1,128}$/), (identity) => {
      assert.match(replicaLeaseName(identity), /^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/);
    }),
  );
  assert.notEqual(replicaLeaseName('a_1'), replicaLeaseName('a_2'));
});

test('the Lease of a replica is found by all versions alike', () => {
  assert.deepEqual([REPLICA_LABEL, REPORT_ANNOTATION], ['sidecarinjector.dev/replica', 'sidecarinjector.dev/report']);
  for (const [identity, name] of [
    ['pod-7f', 'sidecar-injector-replica-pod-7f'],
    ['Host.Example__1', 'sidecar-injector-replica-host-example-1'],
    ['dev_', 'sidecar-injector-replica-dev'],
  ] as const) {
    assert.equal(replicaLeaseName(identity), name);
  }
  assert.equal(replicaLeaseName('x'.repeat(300)).length, 200);
});
