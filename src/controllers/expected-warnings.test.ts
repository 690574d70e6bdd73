import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isExpectedWarning } from './expected-warnings.ts';

const TEXT = 'tls: failed to find any PEM data in certificate input';
const SECRETS = '/api/v1/namespaces/ns/secrets';

test('the warning of a Secret whose certificate is still to come is expected, and no other is', () => {
  assert.equal(isExpectedWarning(TEXT, { path: SECRETS }), true);
  assert.equal(isExpectedWarning(TEXT, { path: `${SECRETS}/sidecar-injector-nginx-tls` }), true);
  assert.equal(isExpectedWarning(TEXT, { path: `${SECRETS}/another` }), false);
  assert.equal(isExpectedWarning('tls: private key does not match public key', { path: SECRETS }), false);
  assert.equal(isExpectedWarning(TEXT, { path: '/api/v1/namespaces/ns/pods' }), false);
});
