/** Nothing unexplained: every request is counted once, told of once, and its answer says in the audit log what was decided and why. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { REASON_CODES } from '../../src/domain/reasons.ts';
import { Metrics } from '../../src/observe/metrics.ts';
import { injector, pod, requestFor, reviewBytes, REVIEWS } from '../testdata/samples.ts';
import { type Call, type Fixture, type Identity, call, newIdentity, startAdmission } from './admission-fixture.ts';

const metrics = new Metrics({ defaults: false });
let identity: Identity;
let fixture: Fixture;
const forget = new AbortController();
forget.abort();
const coming = new Set<string>();

before(async () => {
  identity = await newIdentity();
  metrics.startInjector('nginx');
  const observer = {
    ...metrics.admission,
    handshakeFailed: () => undefined,
  };
  fixture = await startAdmission(identity, { observer, mayCome: (name) => coming.has(name) });
});
after(() => fixture.server.drain(forget.signal));

const review = (object: object): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { ...requestFor({ ...object }), kind: { group: '', version: 'v1', kind: 'Pod' } },
  });

async function sum(metric: string): Promise<number> {
  const { body } = await metrics.text();
  return body
    .split('\n')
    .filter((line) => line.startsWith(`sidecar_injector_${metric}{`) || line.startsWith(`sidecar_injector_${metric} `))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

const post = (options: Call) => call(fixture.port, identity.ca, options);

test('decisions and refusals add up to the requests; each decision has one reason in metric, log and audit', async () => {
  const wild = { metadata: { name: 'a\nb][reason=injected', annotations: null }, spec: 7 };
  const calls: Call[] = [
    ...REVIEWS.map((name) => ({ body: reviewBytes(name) })),
    { body: review(pod()) },
    { body: review(pod({ hostNetwork: true })) },
    { body: review(wild) },
    { body: review(pod()), path: '/mutate/gone?timeout=5s' },
    { body: review(pod()), path: '/mutate/Strange%20Name' },
    { body: 'no json' },
    { body: '' },
    { body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'x' } }) },
    { body: '', path: '/elsewhere' },
    { body: '', path: '/mutate/nginx', method: 'GET' },
  ];
  let requests = 0;
  const answers: { status: number; body: string }[] = [];
  for (const spec of [
    {},
    { mode: 'Audit' },
    { mode: 'Paused' },
    { selection: { ...injector().spec.selection, policy: 'OptOut' } },
  ]) {
    fixture.state.injector = injector(spec as Parameters<typeof injector>[0]);
    for (const one of calls) answers.push(await post(one));
    requests += calls.length;
  }
  fixture.state.synced = false;
  answers.push(await post({ body: review(pod()) }));
  fixture.state.synced = true;
  coming.add('soon');
  const early = await post({ body: review(pod()), path: '/mutate/soon' });
  assert.deepEqual([early.status, early.headers['retry-after']], [503, '1']);
  answers.push(early);
  requests += 2;

  const decided = answers.filter(({ status }) => status === 200);
  const told = (): string[] =>
    fixture.lines.flatMap(({ fields }) => (typeof fields['reason'] === 'string' ? [fields['reason']] : []));
  await eventually(() => told().length === decided.length);
  assert.equal(await sum('admission_decisions_total'), decided.length);
  assert.equal(await sum('admission_refused_total'), answers.length - decided.length);
  assert.equal(decided.length + (await sum('admission_refused_total')), requests);
  assert.equal(await sum('admission_duration_seconds_count'), decided.length);
  const known = new Set<string>(REASON_CODES);
  for (const [index, { body }] of decided.entries()) {
    const { auditAnnotations } = (JSON.parse(body) as { response: { auditAnnotations: Record<string, string> } })
      .response;
    const reason = Object.hasOwn(auditAnnotations, 'already-injected')
      ? 'already_injected'
      : auditAnnotations['reason'];
    assert.ok(reason !== undefined && known.has(reason), body);
    assert.equal(told()[index], reason);
    // What the API server takes for a key: the second half of a qualified name.
    for (const key of Object.keys(auditAnnotations)) assert.match(key, /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/);
  }
  const refusals = fixture.lines.filter(({ message }) => message.startsWith('[refused_request]'));
  assert.equal(refusals.length, answers.length - decided.length);
  assert.equal(fixture.lines.length, requests, 'one line for each request');
});
