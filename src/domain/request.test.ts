import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestFor } from '../../test/testdata/samples.ts';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { podName } from './request.ts';

const ROWS: [metadata: JsonObject | undefined, name: string | undefined, told: string][] = [
  [{ name: 'web-1', generateName: 'web-' }, 'of-request', 'web-1'],
  [{ generateName: 'web-' }, 'of-request', 'of-request'],
  [{ name: '', generateName: 'web-' }, '', 'web-*'],
  [{ generateName: 'web-' }, undefined, 'web-*'],
  [{ name: 7, generateName: 'web-' }, undefined, 'web-*'],
  [{ generateName: '' }, undefined, '(no name)'],
  [{ generateName: 7 }, undefined, '(no name)'],
  [{}, '', '(no name)'],
  [undefined, undefined, '(no name)'],
];
for (const [metadata, name, told] of ROWS) {
  test(`a pod with metadata ${JSON.stringify(metadata)} in a request for ${JSON.stringify(name)} is ${told}`, () => {
    const request = requestFor(metadata === undefined ? {} : { metadata });
    assert.equal(podName(name === undefined ? request : { ...request, name }), told);
  });
}
