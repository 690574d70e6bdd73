import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, isSameContainer } from './content.ts';
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

test('quantities are compared by amount', () => {
  assert.ok(
    sameQuantity('1Gi', '1024Mi') && sameQuantity('0.1', '100m') && sameQuantity(1, '1') && sameQuantity('1e3', '1k'),
  );
  assert.ok(!sameQuantity('1G', '1Gi') && !sameQuantity('x', 'x') && !sameQuantity(undefined, 1));
});
