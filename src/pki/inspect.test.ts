import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createAuthority, type Authority } from './authority.ts';
import { keyMatches, parseCertificates } from './inspect.ts';

let [one, other]: Authority[] = [];
before(async () => {
  const options = { now: new Date(), lifetimeSeconds: 3600, keySize: 2048 };
  [one, other] = await Promise.all(['one', 'other'].map((name) => createAuthority({ ...options, name })));
});

test('a key matches its own certificate, whatever was asked before', () => {
  assert.ok(one !== undefined && other !== undefined);
  const [certificate] = parseCertificates(one.certificate) ?? [];
  assert.ok(certificate !== undefined);
  for (const { key } of [one, other, one, other]) assert.equal(keyMatches(certificate, key), key === one.key);
  assert.equal(keyMatches(certificate, 'no key'), false);
});

test('a text gives its own certificates, whatever was parsed before', () => {
  assert.ok(one !== undefined && other !== undefined);
  const subjects = (pem: string): (string | undefined)[] | undefined =>
    parseCertificates(pem)?.map(({ subject }) => /CN=(\w+)/.exec(subject)?.[1]);
  assert.deepEqual(subjects(one.certificate), ['one']);
  assert.deepEqual(subjects(`${other.certificate}# and\n${one.certificate}`), ['other', 'one']);
  assert.equal(subjects(one.certificate.replace(/\n.{8}/, '\n########')), undefined);
  assert.equal(subjects('none'), undefined);
});
