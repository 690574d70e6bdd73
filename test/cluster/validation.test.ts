import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fieldErrorText,
  isDNS1123Label,
  isQualifiedName,
  isValidLabelValue,
  nameIsDNSSubdomain,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './validation.ts';

test('names: a subdomain with upper case is refused with the text of the API server', () => {
  const errors = validateObjectMeta({ name: 'Abc', namespace: 'a' }, true, nameIsDNSSubdomain);
  assert.deepEqual(errors.map(fieldErrorText), [
    "metadata.name: Invalid value: \"Abc\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
});

test('names: a label is not a subdomain, and a generateName may end with a dash', () => {
  assert.deepEqual(isDNS1123Label('a.b'), ['must not contain dots']);
  assert.deepEqual(nameIsDNSSubdomain('web-', true), []);
  assert.equal(nameIsDNSSubdomain('web-').length, 1);
});

test('labels: keys and values that Kubernetes takes, and their limits', () => {
  for (const key of ['constructor', 'a', 'example.com/A_b.c', '0']) assert.deepEqual(isQualifiedName(key), [], key);
  for (const key of ['__proto__', 'a b', '-a', 'a/']) assert.notDeepEqual(isQualifiedName(key), [], key);
  assert.equal(isQualifiedName('').length, 2);
  assert.deepEqual(isValidLabelValue(''), []);
  assert.deepEqual(isValidLabelValue('v'.repeat(64)), ['must be no more than 63 bytes']);
});

test('metadata: identity cannot change and needs a resourceVersion', () => {
  const old = { name: 'a', uid: '1', resourceVersion: '1' };
  const errors = validateObjectMetaUpdate({ name: 'a', uid: '2' }, old);
  assert.deepEqual(errors.map(fieldErrorText), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    'metadata.uid: Invalid value: "2": field is immutable',
  ]);
});
