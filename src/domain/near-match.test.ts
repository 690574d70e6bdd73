import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelSelector, LabelSelectorRequirement } from '../api/v1alpha1/types.ts';
import { nearMatches } from './near-match.ts';
import { selectorMatches } from './selector.ts';

const nginx: LabelSelector = { matchLabels: { 'nginx-sidecar-injection': 'enabled' } };

const tier: LabelSelector = { matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold', 'silver'] }] };
const inject: LabelSelector = { matchExpressions: [{ key: 'inject', operator: 'Exists' }] };
const payments: LabelSelector = { matchLabels: { team: 'payments' } };

const rows: [name: string, selector: LabelSelector, labels: Record<string, string>, expected: string | undefined][] = [
  ['a letter of the key', nginx, { 'nginx-sidecar-injektion': 'enabled' }, 'the key is misspelt'],
  ['upper case', nginx, { 'Nginx-Sidecar-Injection': 'enabled' }, 'the key is misspelt'],
  ['a letter of the value', nginx, { 'nginx-sidecar-injection': 'enabeld' }, 'the value is misspelt'],
  ['another value', nginx, { 'nginx-sidecar-injection': 'true' }, 'the value is another one'],
  ['a shorter value', nginx, { 'nginx-sidecar-injection': 'enab' }, 'one value is the beginning of the other'],
  ['a word is missing', nginx, { 'nginx-injection': 'enabled' }, 'the value stands under another key'],
  ['the end is missing', nginx, { 'nginx-sidecar': 'enabled' }, 'one key is the beginning of the other'],
  ['a prefix too many', nginx, { 'example.com/nginx-sidecar-injection': 'enabled' }, 'the key has another prefix'],
  ['a longer value', nginx, { 'nginx-sidecar-injection': 'enabled-here' }, 'one value is the beginning of the other'],
  ['the beginning of one of several values', tier, { tier: 'silverware' }, 'one value is the beginning of the other'],
  [
    'three letters are a beginning',
    { matchLabels: { for: 'dev' } },
    { for: 'develop' },
    'one value is the beginning of the other',
  ],
  ['two letters are chance', { matchLabels: { zone: 'eu' } }, { zone: 'europe' }, 'the value is another one'],
  ['a short value, and most of its letters are others', tier, { tier: 'bolt' }, 'the value is another one'],
  ['a word of the key, and an everyday value', nginx, { 'nginx-app': 'enabled' }, 'the value stands under another key'],
  ['a word of two letters', { matchLabels: { 'my-sidecar': 'on' } }, { 'my-billing': 'on' }, undefined],
  ['a key with nothing in common', nginx, { billing: 'enabled' }, undefined],
  ['a telling value under any key', payments, { squad: 'payments' }, 'the value stands under another key'],
  ['the name of the namespace', payments, { 'kubernetes.io/metadata.name': 'payments' }, undefined],
  ['one of several values', tier, { tier: 'sliver' }, 'the value is misspelt'],
  ['a key that must be there', inject, { injekt: 'x' }, 'the key is misspelt'],
  ['a key that must be there, and another that is', inject, { billing: 'x' }, undefined],
  [
    'a value that must not be there',
    { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['none', 'lead'] }] },
    { tier: 'lead' },
    'this label excludes it',
  ],
  [
    'a key that must not be there',
    { matchExpressions: [{ key: 'legacy', operator: 'DoesNotExist' }] },
    { legacy: 'x' },
    'this label excludes it',
  ],
  [
    'one of two is met',
    { matchLabels: { inject: 'yes', team: 'a' } },
    { inject: 'yes', taem: 'a' },
    'the key is misspelt',
  ],
  ['one of two is far off', { matchLabels: { inject: 'yes', zone: 'eu' } }, { injekt: 'yes' }, undefined],
  ['keys of Object', { matchLabels: { constructor: 'yes' } }, { app: 'x' }, undefined],
  ['it matches', nginx, { 'nginx-sidecar-injection': 'enabled' }, undefined],
];
for (const [name, selector, labels, expected] of rows) {
  test(`near match: ${name}`, () => {
    const [match] = nearMatches(selector, [{ name: 'apps', labels }]);
    assert.equal(match?.why, expected);
    assert.equal(match?.namespace, expected === undefined ? undefined : 'apps');
  });
}

test('a value that says no more than yes or no is no hint under a key that has nothing in common', () => {
  for (const value of ['true', 'false', 'yes', 'no', 'on', 'off', 'enabled', 'disabled', '1', '0', 'True']) {
    const wanted = { matchLabels: { sidecar: value } };
    assert.deepEqual(nearMatches(wanted, [{ name: 'apps', labels: { billing: value } }]), [], value);
  }
});

test('labels that Kubernetes writes itself are never the slip; those that only resemble them may be', () => {
  const hint = (key: string): string | undefined =>
    nearMatches(payments, [{ name: 'apps', labels: { [key]: 'payments' } }])[0]?.found;
  assert.equal(hint('kubernetes.io/metadata.name'), undefined);
  assert.equal(hint('pod-security.kubernetes.io/enforce'), undefined);
  assert.equal(hint('shop.kubernetes.io/metadata.name'), 'shop.kubernetes.io/metadata.name=payments');
  assert.equal(hint('kubernetes.io/metadata.name-of-team'), 'kubernetes.io/metadata.name-of-team=payments');
});

const texts: [LabelSelectorRequirement, labels: Record<string, string>, wanted: string, label: string][] = [
  [{ key: 'tier', operator: 'In', values: ['gold', 'silver'] }, { tier: 'x' }, 'tier in (gold,silver)', 'tier=gold'],
  [{ key: 'tier', operator: 'NotIn', values: ['a', 'b'] }, { tier: 'b' }, 'tier notin (a,b)', 'tier-'],
  [{ key: 'inject', operator: 'Exists' }, { injekt: 'x' }, 'inject', 'inject=true'],
  [{ key: 'legacy', operator: 'DoesNotExist' }, { legacy: 'x' }, '!legacy', 'legacy-'],
];
for (const [requirement, labels, wanted, label] of texts) {
  test(`a requirement with ${requirement.operator} reads as kubectl writes it: ${wanted}, mended by ${label}`, () => {
    const [match] = nearMatches({ matchExpressions: [requirement] }, [{ name: 'apps', labels }]);
    assert.deepEqual([match?.wanted, match?.label], [wanted, label]);
  });
}

test('of several labels of a namespace the likeliest is named', () => {
  const labels = { squad: 'payments', 'x/team': 'payments', taem: 'payments', owner: 'payments' };
  assert.equal(nearMatches(payments, [{ name: 'apps', labels }])[0]?.found, 'taem=payments');
});

test('the labels that are named mend it', () => {
  for (const [, selector, labels] of rows) {
    const mended: Record<string, string> = { ...labels };
    const matches = nearMatches(selector, [{ name: 'apps', labels }]);
    for (const { label } of matches) {
      const [key = '', value = ''] = label.split('=');
      if (label.endsWith('-')) delete mended[label.slice(0, -1)];
      else mended[key] = value;
    }
    if (matches.length > 0) assert.ok(selectorMatches(selector, mended), JSON.stringify(mended));
  }
});

test('the likeliest comes first, and all slips of a namespace stand together', () => {
  const selector = { matchLabels: { inject: 'yes', team: 'payments' } };
  const found = nearMatches(selector, [
    { name: 'a', labels: { 'x-inject': 'yes', squad: 'payments' } },
    { name: 'b', labels: { inject: 'yes', team: 'payment' } },
  ]);
  assert.deepEqual(found, [
    {
      namespace: 'b',
      wanted: 'team=payments',
      found: 'team=payment',
      why: 'the value is misspelt',
      label: 'team=payments',
    },
    { namespace: 'a', wanted: 'inject=yes', found: 'x-inject=yes', why: 'the key is misspelt', label: 'inject=yes' },
    {
      namespace: 'a',
      wanted: 'team=payments',
      found: 'squad=payments',
      why: 'the value stands under another key',
      label: 'team=payments',
    },
  ]);
});

test('the fewer slips the sooner, and by name where they are the same', () => {
  const found = nearMatches(payments, [
    { name: 'a', labels: { squad: 'payments' } },
    { name: 'c', labels: { team: 'sales' } },
    { name: 'e', labels: { 'x/team': 'payments' } },
    { name: 'b', labels: { taem: 'sales' } },
    { name: 'f', labels: { taem: 'payments' } },
    { name: 'd', labels: { team: 'ops' } },
  ]);
  assert.deepEqual(
    found.map(({ namespace }) => namespace),
    ['f', 'e', 'b', 'c', 'd', 'a'],
  );
});

test('where any value does, a misspelt key comes before a value cut short', () => {
  const found = nearMatches({ ...payments, ...inject }, [
    { name: 'a', labels: { team: 'pay', inject: 'x' } },
    { name: 'b', labels: { team: 'payments', injekt: 'x' } },
  ]);
  assert.deepEqual(
    found.map(({ namespace }) => namespace),
    ['b', 'a'],
  );
});

test('5,000 namespaces cost little', () => {
  const namespaces = Array.from({ length: 5000 }, (_, index) => ({
    name: `n${index}`,
    labels: { app: 'x', owner: `team-${index % 50}`, 'kubernetes.io/metadata.name': `n${index}`, tier: 'gold' },
  }));
  nearMatches(nginx, namespaces);
  const started = process.cpuUsage();
  nearMatches(nginx, namespaces);
  // A few milliseconds, in truth; what is quadratic takes many seconds.
  assert.ok(process.cpuUsage(started).user < 1_000_000);
});
