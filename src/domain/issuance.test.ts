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
  type Waiting,
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

test('the request asks for what the kubelet-serving signer demands, no less and no more', () => {
  assert.deepEqual(USAGES.toSorted(), ['digital signature', 'key encipherment', 'server auth']);
});

const reasons: [change: Partial<RequestFacts>, why: RegExp][] = [
  [{ username: 'mallory' }, /made by mallory, not by system:serviceaccount:ns:sa/],
  [{ signerName: 'kubernetes.io/kubelet-serving' }, /the signer kubernetes\.io\/kubelet-serving/],
  [{ request: 'PKCS#10 of evil' }, /key, subject or names/],
  [{ usages: ['server auth', 'client auth'] }, /the usages server auth, client auth/],
  [{ expirationSeconds: 60 }, /for 60 s/],
];
for (const [change, why] of reasons) {
  test(`of a request that is not ours people read which, and what is strange: ${why.source}`, () => {
    const step = nextStep({ ...base, pending: { ...pending, attempt: 2 }, request: { ...made, ...change } });
    assert.ok(step.step === 'GenerateKey');
    assert.match(step.why, why);
    assert.match(step.why, /sidecar-injector-nginx-abc/);
    assert.equal(step.attempt, 3);
  });
}

function waiting(facts: Partial<IssuanceFacts>): Waiting {
  const step = nextStep({ ...base, ...facts });
  assert.ok(step.step === 'Wait');
  return step.waiting;
}

test('who waits for an approval reads how to give it, and why the operator does not', () => {
  const { message, ...rest } = waiting({ pending, request: made, ...foreign });
  assert.match(message, /somebody to approve it for the signer sidecarinjector\.dev\/webhook-serving/);
  assert.match(message, /kubectl certificate approve sidecar-injector-nginx-abc\)$/);
  assert.deepEqual(rest, { for: 'Approval', requestName: made.name, since: made.createdAt, until: ago(-5) });
  const refused = waiting({ pending, request: made, approves: false, approvalRefused: 'user not permitted' });
  assert.match(refused.message, /the operator may not: user not permitted$/);
});

test('who waits for a signature reads for whose, and since when', () => {
  const { message, ...rest } = waiting({ pending, request: { ...made, approvedAt }, ...foreign });
  assert.match(message, /waits for the signer sidecarinjector\.dev\/webhook-serving/);
  assert.deepEqual(rest, { for: 'Signature', requestName: made.name, since: approvedAt, until: ago(-5) });
});

test('a signer that does not answer is named, with the minutes it had', () => {
  const request = { ...made, approvedAt: ago(30 * 60) };
  const step = nextStep({ ...base, pending: { ...pending, attempt: 1 }, request, ...foreign });
  assert.ok(step.step === 'GenerateKey');
  assert.match(step.why, /sidecarinjector\.dev\/webhook-serving did not answer for 30 minutes/);
});

test('a refusal is waited out to the millisecond, and then told with its kind and words', () => {
  const request = { ...made, denied: { message: 'not in this cluster', at: ago(1) } };
  const { until, message } = waiting({ pending, request });
  assert.equal(message, 'not in this cluster');
  waiting({ pending, request, now: new Date(until.getTime() - 1) });
  const step = nextStep({ ...base, pending, request, now: until });
  assert.ok(step.step === 'GenerateKey');
  assert.equal(step.why, 'denied: not in this cluster');
});

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

test('injectors that fail together do not try again together', () => {
  const waits = Array.from({ length: 20 }, (_, index) => backoff(3, `injector-${index}`));
  assert.ok(new Set(waits).size > 10);
});
