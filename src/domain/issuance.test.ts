import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  backoff,
  nextStep,
  strangeness,
  USAGES,
  type IssuanceFacts,
  type RequestFacts,
  type Step,
} from './issuance.ts';

const now = new Date('2026-01-01T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
const wanted = {
  name: 'sidecar-injector-nginx-abc',
  request: 'PKCS#10\n',
  signerName: 'sidecarinjector.dev/webhook-serving',
  usages: USAGES,
  expirationSeconds: 7_776_000,
};
const made: RequestFacts = {
  ...wanted,
  uid: 'u',
  username: 'system:serviceaccount:ns:sa',
  createdAt: ago(1),
};
const base: IssuanceFacts = {
  now,
  username: made.username,
  signerName: wanted.signerName,
  approves: true,
  signs: true,
  needed: 'there is no certificate yet',
};
const pending = { attempt: 0, wanted };
const foreign = { approves: false, signs: false };
const approvedAt = ago(1);

interface Row {
  name: string;
  facts: Partial<IssuanceFacts>;
  step: Step['step'];
  more?: Record<string, unknown>;
}

const rows: Row[] = [
  { name: 'all is well', facts: { needed: undefined }, step: 'None' },
  { name: 'a key waits though none is needed', facts: { needed: undefined, pending }, step: 'DropPending' },
  { name: 'nothing yet', facts: {}, step: 'GenerateKey', more: { attempt: 0 } },
  { name: 'key is stored', facts: { pending }, step: 'CreateRequest' },
  { name: 'request is made', facts: { pending, request: made }, step: 'Approve' },
  { name: 'request is made, others approve', facts: { pending, request: made, ...foreign }, step: 'Wait' },
  {
    name: 'request is made, the operator was refused the approval',
    facts: { pending, request: made, approves: false, approvalRefused: 'user not permitted' },
    step: 'Wait',
  },
  { name: 'request is approved', facts: { pending, request: { ...made, approvedAt } }, step: 'Sign' },
  { name: 'others sign', facts: { pending, request: { ...made, approvedAt }, ...foreign }, step: 'Wait' },
  { name: 'certificate is there', facts: { pending, request: { ...made, approvedAt, issued: {} } }, step: 'Promote' },
  {
    name: 'certificate is there but nobody approved it: the API server takes one all the same',
    facts: { pending, request: { ...made, issued: {} }, ...foreign },
    step: 'Wait',
  },
  {
    name: 'the signer has not answered for a quarter of an hour',
    facts: { pending, request: { ...made, approvedAt: ago(15 * 60) }, ...foreign },
    step: 'GenerateKey',
    more: { attempt: 1 },
  },
  {
    name: 'the signer has not answered for a quarter of an hour, the second time',
    facts: { pending: { ...pending, attempt: 1 }, request: { ...made, approvedAt: ago(30 * 60 - 1) }, ...foreign },
    step: 'Wait',
  },
  {
    name: 'nobody has approved it for days: a person may still do',
    facts: { pending, request: { ...made, createdAt: ago(86_400 * 3) }, ...foreign },
    step: 'Wait',
  },
  {
    name: 'certificate is unusable, just now',
    facts: { pending, request: { ...made, approvedAt, issued: { failure: 'was issued for another key' } } },
    step: 'Wait',
  },
  {
    name: 'certificate is unusable, a while ago',
    facts: { pending, request: { ...made, approvedAt: ago(60), issued: { failure: 'was issued for another key' } } },
    step: 'GenerateKey',
    more: { attempt: 1, after: 'Invalid' },
  },
  {
    name: 'denied just now',
    facts: { pending, request: { ...made, denied: { message: 'no', at: ago(1) } } },
    step: 'Wait',
  },
  {
    name: 'denied, and the back-off is over',
    facts: { pending: { ...pending, attempt: 2 }, request: { ...made, denied: { message: 'no', at: ago(21) } } },
    step: 'GenerateKey',
    more: { attempt: 3, after: 'Denied' },
  },
  {
    name: 'denied after approval cannot be, but denial counts',
    facts: { pending, request: { ...made, approvedAt, issued: {}, denied: { message: 'no', at: ago(1) } } },
    step: 'Wait',
  },
  {
    name: 'failed',
    facts: { pending, request: { ...made, approvedAt, failed: { message: 'SignerValidationFailure', at: ago(99) } } },
    step: 'GenerateKey',
    more: { attempt: 1, after: 'Failed' },
  },
];
for (const { name, facts, step, more = {} } of rows) {
  test(`issuance: ${name} -> ${step}`, () => {
    const actual = nextStep({ ...base, ...facts });
    assert.equal(actual.step, step);
    for (const [key, value] of Object.entries(more))
      assert.equal((actual as unknown as Record<string, unknown>)[key], value);
  });
}

const strangers: Record<string, Partial<RequestFacts>> = {
  'made by somebody else': { username: 'mallory' },
  'for another signer': { signerName: 'kubernetes.io/kubelet-serving' },
  'with other bytes: another key, subject or name': { request: 'PKCS#10 of evil' },
  'with another usage': { usages: [...USAGES, 'client auth'] },
  'with fewer usages': { usages: ['server auth'] },
  'for longer': { expirationSeconds: 999_999_999 },
  'without a duration': { expirationSeconds: undefined },
};
for (const [what, change] of Object.entries(strangers)) {
  test(`a request ${what} is neither approved nor signed nor promoted`, () => {
    const request = { ...made, ...change };
    assert.notEqual(strangeness(request, wanted, base.username), undefined);
    for (const state of [{}, { approvedAt }, { approvedAt, issued: {} }]) {
      assert.equal(nextStep({ ...base, pending, request: { ...request, ...state } }).step, 'GenerateKey');
    }
  });
}

test('usages are a set: the order in which the API server keeps them does not matter', () => {
  assert.equal(strangeness({ ...made, usages: USAGES.toReversed() }, wanted, base.username), undefined);
});

test('the back-off grows up to an hour, and a whole attempt always waits more than 3 s', () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const wait = backoff(attempt, 'seed');
    assert.ok(wait >= 3750 && wait <= 3_600_000);
    if (attempt > 0 && attempt < 9) assert.ok(wait > backoff(attempt - 1, 'seed'));
  }
});
