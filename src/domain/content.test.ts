import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, isSameContainer, isSameVolume } from './content.ts';
import { sameQuantity } from './quantity.ts';

test('what the API server does to an item between two calls leaves it ours', () => {
  const ours = {
    name: 's',
    image: 'i:1',
    args: ['-a'],
    stdin: false,
    env: [{ name: 'A', value: '1' }],
    securityContext: {},
    resources: { limits: { cpu: '0.5', memory: '1024Mi' } },
  };
  const stored = {
    name: 's',
    image: 'i:1',
    args: ['-a'],
    env: [
      { name: 'B', value: '2' },
      { name: 'A', value: '1' },
    ],
    resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
    volumeMounts: [{ name: 'kube-api-access-x', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }],
    terminationMessagePath: '/dev/termination-log',
    imagePullPolicy: 'IfNotPresent',
  };
  assert.ok(isSameContainer(stored, ours));
});

test('a container that runs something else is not ours', () => {
  const ours = { name: 's', image: 'i:1' };
  assert.ok(!isSameContainer({ ...ours, image: 'i:2' }, ours));
  assert.ok(!isSameContainer({ ...ours, command: ['sleep', '1d'] }, ours));
  assert.ok(!isSameContainer({ ...ours, args: ['--off'] }, ours));
  assert.ok(!isSameContainer({ ...ours, command: ['b', 'a'] }, { ...ours, command: ['a', 'b'] }));
});

test('a value that is wanted must be there', () => {
  assert.ok(!contains({}, { a: 1 }));
  assert.ok(!contains({ a: [{ n: 1 }] }, { a: [{ n: 2 }] }));
  assert.ok(!contains({ cpu: '0.5' }, { cpu: '500m' }), 'quantities are compared only where quantities are');
  assert.ok(!contains({ a: 'x' }, { a: false }));
  assert.ok(contains({}, { a: false, b: '', c: null, d: [], e: {} }));
});

const WANTED_AND_STORED: [wanted: unknown, stored: unknown, holds: boolean][] = [
  [0, undefined, true],
  [0, 1, false],
  [{}, { more: 1 }, true],
  [{}, null, true],
  [{}, 'x', false],
  [{ limits: {}, claims: [], note: '' }, undefined, true],
  [{ limits: { cpu: '1' } }, undefined, false],
  [{ claims: [1] }, undefined, false],
  [{ note: '', more: 1 }, undefined, false],
  [{ note: '' }, 'x', false],
  [[], null, true],
  [[], [1], true],
  [[], 'x', false],
  [['a', 'b'], ['a', 'b'], true],
  [['a', 'b'], ['b', 'a'], false],
  [['a'], ['a', 'b'], false],
  [['a'], 'a', false],
  [[{ n: 1 }], [{ n: 2 }, { n: 1, more: 1 }], true],
  [[{ n: 1 }, { n: 2 }], [{ n: 1 }], false],
  [[{ n: 1 }], {}, false],
  [[{ n: 1 }, 'a'], [{ n: 1, more: 1 }, 'a'], false],
];
for (const [wanted, stored, holds] of WANTED_AND_STORED) {
  const text = `${JSON.stringify(wanted)} is ${holds ? '' : 'not '}held by ${JSON.stringify(stored)}`;
  test(`of a field: ${text}`, () => assert.equal(contains({ f: stored }, { f: wanted }), holds));
}

test('an empty command is none, and null says nothing', () => {
  const [stored, wanted] = [
    { name: 's', image: 'i' },
    { name: 's', image: 'i', command: [], args: null },
  ];
  assert.ok(isSameContainer(stored, wanted));
  assert.ok(isSameContainer({ ...stored, command: null }, wanted));
  assert.ok(!isSameContainer({ ...stored, command: ['sh'] }, wanted));
});

test('a volume is known by its one source, and one without any is an emptyDir', () => {
  const [bare, emptyDir] = [{ name: 'v' }, { name: 'v', emptyDir: {} }];
  const configMap = { name: 'v', configMap: { name: 'c', defaultMode: 420 } };
  for (const actual of [bare, emptyDir, { ...emptyDir, hostPath: null }]) {
    for (const wanted of [bare, emptyDir]) assert.ok(isSameVolume(actual, wanted), JSON.stringify([actual, wanted]));
    assert.ok(!isSameVolume(actual, configMap));
    assert.ok(!isSameVolume(configMap, actual));
  }
  assert.ok(isSameVolume(configMap, { name: 'v', configMap: { name: 'c' } }));
  assert.ok(isSameVolume({ name: 'v', a: 1, b: 2 }, { b: 2, a: 1, name: 'v' }), 'in whatever order it is written');
});

test('amounts are compared where quantities are, and nowhere else', () => {
  const pairs = [
    [{ limits: { cpu: '500m' } }, { limits: { cpu: '0.5' } }],
    [{ requests: { memory: '1Gi' } }, { requests: { memory: '1024Mi' } }],
    [{ sizeLimit: '1Gi' }, { sizeLimit: '1024Mi' }],
    [{ divisor: '1' }, { divisor: 1 }],
  ] as const;
  for (const [stored, wanted] of pairs) assert.ok(contains({ f: stored }, { f: wanted }), JSON.stringify(wanted));
  assert.ok(!contains({ name: '1Gi' }, { name: '1024Mi' }));
});

test('quantities are compared by amount', () => {
  assert.ok(
    sameQuantity('1Gi', '1024Mi') && sameQuantity('0.1', '100m') && sameQuantity(1, '1') && sameQuantity('1e3', '1k'),
  );
  assert.ok(!sameQuantity('1G', '1Gi') && !sameQuantity('x', 'x') && !sameQuantity(undefined, 1));
});
