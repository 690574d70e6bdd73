import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issueServing } from '../../pki/authority.ts';
import { generatePrivateKey } from '../../pki/keys.ts';
import { NO_STATE, type SecretState } from '../secret.ts';
import { candidateOf, choose, distrust, type ServedIdentity } from './identities.ts';
import { injector, operator } from '../../../test/support/injector-facts.ts';
import { publishedBundle } from './published.ts';

const now = new Date();
const names = { dnsNames: ['a.ns.svc'], ipAddresses: [] };
const authority = await createAuthority({ name: 'one', now, lifetimeSeconds: 86_400, keySize: 2048 });
const other = await createAuthority({ name: 'two', now, lifetimeSeconds: 86_400, keySize: 2048 });

async function stateBy(signer: typeof authority): Promise<SecretState> {
  const key = await generatePrivateKey(2048);
  const identity = { commonName: 'a', ...names };
  const publicKey = createPublicKey(key);
  const certificate = await issueServing({ authority: signer, publicKey, identity, now, lifetimeSeconds: 3600 });
  return { ...NO_STATE, certificate, key, anchors: signer.certificate };
}
function identityOf(state: SecretState): ServedIdentity {
  const { identity, failure } = candidateOf(state, names, now);
  assert.ok(identity, failure);
  return identity;
}
const old = identityOf(await stateBy(authority));
const renewed = identityOf(await stateBy(authority));
const rolled = identityOf(await stateBy(other));
const both = authority.certificate + other.certificate;

const rows: [
  what: string,
  current: ServedIdentity | undefined,
  next: ServedIdentity | undefined,
  published: string | undefined,
  chosen: ServedIdentity | undefined,
][] = [
  ['nothing at all', undefined, undefined, undefined, undefined],
  ['the first one', undefined, old, undefined, old],
  ['a renewal under the same authority', old, renewed, authority.certificate, renewed],
  ['another authority that is not published yet', old, rolled, authority.certificate, old],
  ['another authority, published beside the old one', old, rolled, both, rolled],
  ['another authority, and the old one is not trusted any more', old, rolled, other.certificate, rolled],
  ['a garbled bundle: nothing is trusted, nothing can be lost', old, rolled, 'junk', rolled],
  ['the Secret is gone', old, undefined, authority.certificate, old],
  ['before there is a configuration', old, rolled, undefined, rolled],
];
for (const [what, current, next, published, chosen] of rows) {
  test(`serving: ${what}`, () => assert.equal(choose(current, next, published, now)?.fingerprint, chosen?.fingerprint));
}

test('what is chosen is trusted whenever one of the two is', () => {
  for (const current of [old, renewed, rolled]) {
    for (const next of [old, renewed, rolled]) {
      for (const published of [authority.certificate, other.certificate, both]) {
        const chosen = choose(current, next, published, now);
        const possible = [current, next].some((identity) => distrust(identity, published, now) === undefined);
        assert.equal(chosen !== undefined && distrust(chosen, published, now) === undefined, possible);
      }
    }
  }
});

const broken: [what: string, change: Partial<SecretState>][] = [
  ['an empty Secret', { certificate: '', key: '' }],
  ['a certificate that is no PEM', { certificate: 'junk' }],
  ['a key that is no PEM', { key: 'junk' }],
  ["another certificate's key", { key: renewed.state.key }],
  ["another authority's anchors", { anchors: other.certificate }],
  ['no anchors', { anchors: '' }],
];
for (const [what, change] of broken) {
  test(`${what} is never served`, () => {
    const { identity, failure } = candidateOf({ ...NO_STATE, ...old.state, ...change }, names, now);
    assert.equal(identity, undefined);
    assert.notEqual(failure, undefined);
  });
}

test('a certificate without our name is never served', () => {
  assert.match(
    candidateOf({ ...NO_STATE, ...old.state }, { ...names, dnsNames: ['b.ns.svc'] }, now).failure ?? '',
    /b\.ns\.svc/,
  );
});

test('of entries that differ, the one that trusts least is what is published', () => {
  const entry = (caBundle: string) => ({
    name: 'x',
    clientConfig: { caBundle: Buffer.from(caBundle).toString('base64') },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  });
  const common = { apiVersion: 'v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'x' } };
  const webhooks = [entry(both), entry(authority.certificate)];
  assert.equal(publishedBundle({ ...common, webhooks }, injector, operator), authority.certificate);
  assert.equal(publishedBundle(undefined, injector, operator), undefined);
});

test('in a configuration of somebody else only what leads to us counts', () => {
  const shared = { ...injector, spec: { ...injector.spec, webhook: { existingConfiguration: 'theirs' } } };
  const entry = (name: string, caBundle: string) => ({
    name: `${name}.example.com`,
    clientConfig: {
      service: { namespace: operator.namespace, name },
      caBundle: Buffer.from(caBundle).toString('base64'),
    },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  });
  const common = { apiVersion: 'v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'theirs' } };
  const others = entry('another', '');
  const ours = entry('sidecar-injector-nginx', both);
  assert.equal(publishedBundle({ ...common, webhooks: [others, ours] }, shared, operator), both);
  assert.equal(publishedBundle({ ...common, webhooks: [others] }, shared, operator), undefined);
});
