import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from './objects.ts';
import { isNewer } from './versions.ts';

const at = (resourceVersion?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'a', ...(resourceVersion !== undefined && { resourceVersion }) },
});

test('resource versions are compared as numbers, and what is no number is never newer', () => {
  const rows: [string | undefined, string | undefined, boolean][] = [
    ['10', '9', true],
    ['9', '10', false],
    ['9', '9', false],
    ['9007199254740993', '9007199254740992', true],
    ['abc', '9', false],
    ['9', 'abc', false],
    ['9', undefined, false],
    [undefined, '9', false],
  ];
  for (const [a, b, newer] of rows) assert.equal(isNewer(at(a), at(b)), newer, `${a} after ${b}`);
});
