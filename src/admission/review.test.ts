import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REVIEWS, reviewBytes } from '../../test/testdata/samples.ts';
import { Refusal } from './refusal.ts';
import { encodeReview, parseReview } from './review.ts';

const good = { uid: 'u', kind: { group: '', version: 'v1', kind: 'Pod' }, operation: 'CREATE', object: { spec: {} } };
const review = (request: unknown, more: object = {}): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request, ...more });

const BAD: Record<string, [body: string | Uint8Array, status: number, says: RegExp]> = {
  empty: ['', 400, /is empty/],
  'not JSON': ['{"kind": secret', 400, /of 15 bytes is not JSON$/],
  'not UTF-8': [Uint8Array.of(0x22, 0xff, 0x22), 400, /not JSON/],
  null: ['null', 400, /not an AdmissionReview/],
  'a number': ['7', 400, /not an AdmissionReview/],
  'an array': ['[]', 400, /not an AdmissionReview/],
  'a Pod': ['{"kind":"Pod","apiVersion":"v1"}', 400, /not an AdmissionReview/],
  'an old version': [review(good, { apiVersion: 'admission.k8s.io/v1beta1' }), 400, /not of admission\.k8s\.io\/v1/],
  'no request': [review(undefined), 400, /no request/],
  'no uid': [review({ ...good, uid: '' }), 400, /uid/],
  'a uid that is a number': [review({ ...good, uid: 1 }), 400, /uid/],
  'a Deployment': [
    review({ ...good, kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }),
    422,
    /not for a Pod/,
  ],
  'no object': [review({ ...good, object: null }), 422, /no object/],
  'too deep': [`${'['.repeat(65)}${']'.repeat(65)}`, 400, /deeper than 64/],
  'too deep to be parsed': ['{"a":'.repeat(200_000), 400, /deeper than 64/],
};

for (const [what, [body, status, says]] of Object.entries(BAD)) {
  test(`refused with ${status}: ${what}`, () => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
    assert.throws(
      () => parseReview(bytes),
      (error) =>
        error instanceof Refusal && error.status === status && error.code === 'SI5001' && says.test(error.message),
    );
  });
}

test('the words of a refusal do not repeat the body, which may hold secrets', () => {
  assert.throws(
    () => parseReview(Buffer.from('hunter2')),
    (error) => !String(error).includes('hunter2'),
  );
});

test('what a real API server sent is read', () => {
  for (const name of REVIEWS) {
    const { uid, namespace, operation, kind } = parseReview(reviewBytes(name));
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.deepEqual([namespace, operation, kind.kind], ['t1', 'CREATE', 'Pod']);
  }
});

test('an answer has a patch type only with a patch, and a status only with a denial', () => {
  const quiet = { uid: 'u', allowed: true, operations: [], warnings: [], auditAnnotations: {} };
  assert.deepEqual(JSON.parse(encodeReview(quiet)), {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: 'u', allowed: true },
  });
  const operations = [{ op: 'add', path: '/a', value: 'ü' }] as const;
  const { response } = JSON.parse(encodeReview({ ...quiet, operations })) as { response: Record<string, string> };
  assert.equal(response['patchType'], 'JSONPatch');
  assert.deepEqual(JSON.parse(Buffer.from(response['patch'] ?? '', 'base64').toString()), operations);
  const denied = JSON.parse(encodeReview({ ...quiet, allowed: false, denial: 'no' })) as { response: object };
  assert.deepEqual(denied.response, {
    uid: 'u',
    allowed: false,
    status: { status: 'Failure', code: 403, reason: 'Forbidden', message: 'no' },
  });
});
