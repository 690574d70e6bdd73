import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LabelSelector } from '../api/v1alpha1/types.ts';
import { nearMatches } from './near-match.ts';
import { selectorMatches } from './selector.ts';

const nginx: LabelSelector = { matchLabels: { 'nginx-sidecar-injection': 'enabled' } };

const rows: [name: string, selector: LabelSelector, labels: Record<string, string>, expected: string | undefined][] = [
  ['a letter of the key', nginx, { 'nginx-sidecar-injektion': 'enabled' }, 'the key is misspelt'],
  ['upper case', nginx, { 'Nginx-Sidecar-Injection': 'enabled' }, 'the key is misspelt'],
  ['a letter of the value', nginx, { 'nginx-sidecar-injection': 'enabeld' }, 'the value is misspelt'],
  ['another value', nginx, { 'nginx-sidecar-injection': 'true' }, 'the value is another one'],
  ['a shorter value', nginx, { 'nginx-sidecar-injection': 'enab' }, 'one value is the beginning of the other'],
  ['a word is missing', nginx, { 'nginx-injection': 'enabled' }, 'the value stands under another key'],
  ['the end is missing', nginx, { 'nginx-sidecar': 'enabled' }, 'one key is the beginning of the other'],
  ['a prefix too many', nginx, { 'example.com/nginx-sidecar-injection': 'enabled' }, 'the key has another prefix'],
  ['a key with nothing in common', nginx, { billing: 'enabled' }, undefined],
  [
    'a telling value under any key',
    { matchLabels: { team: 'payments' } },
    { squad: 'payments' },
    'the value stands under another key',
  ],
  [
    'the name of the namespace',
    { matchLabels: { team: 'payments' } },
    { 'kubernetes.io/metadata.name': 'payments' },
    undefined,
  ],
  [
    'one of several values',
    { matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold', 'silver'] }] },
    { tier: 'sliver' },
    'the value is misspelt',
  ],
  [
    'a key that must be there',
    { matchExpressions: [{ key: 'inject', operator: 'Exists' }] },
    { injekt: 'x' },
    'the key is misspelt',
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
