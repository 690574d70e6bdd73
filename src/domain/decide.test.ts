import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATION, REVIEWS, injector, names, pod, requestFor, reviewRequest } from '../../test/testdata/samples.ts';
import type { SidecarInjector } from '../api/v1alpha1/types.ts';
import { type DecisionContext, type NamespaceFacts, decide } from './decide.ts';
import { inject } from './inject.ts';
import { REASONS, type ReasonCode } from './reasons.ts';
import { probePod, trialPod } from './render.ts';
import type { AdmissionRequest } from './request.ts';

const plain = injector();
const selecting = (selection: Partial<SidecarInjector['spec']['selection']>): SidecarInjector =>
  injector({ selection: { ...plain.spec.selection, ...selection } });
const without = (metadata: object = {}): AdmissionRequest => requestFor(pod({}, { annotations: {}, ...metadata }));
const clash = requestFor(pod({ containers: [{ name: 'sidecar-nginx', image: 'other' }] }));

interface Case {
  request?: AdmissionRequest;
  injector?: SidecarInjector;
  namespace?: NamespaceFacts;
  context?: DecisionContext;
  reason: ReasonCode;
  warns?: RegExp;
}

/** At least one case for every reason that a decision can have. */
const CASES: Record<string, Case> = {
  'annotation "true"': { reason: 'injected' },
  'annotation "on"': { request: without({ annotations: { [ANNOTATION]: 'on' } }), reason: 'injected' },
  'annotation "false"': { request: without({ annotations: { [ANNOTATION]: 'false' } }), reason: 'pod_not_need' },
  'annotation "false" with OptOut': {
    request: without({ annotations: { [ANNOTATION]: 'false' } }),
    injector: selecting({ policy: 'OptOut' }),
    reason: 'pod_not_need',
  },
  'no annotation': { request: without(), reason: 'pod_not_asked' },
  'no annotations at all': { request: without({ annotations: undefined }), reason: 'pod_not_asked' },
  'no annotation with OptOut': { request: without(), injector: selecting({ policy: 'OptOut' }), reason: 'injected' },
  'unreadable annotation': {
    request: without({ annotations: { [ANNOTATION]: 'maybe' } }),
    reason: 'pod_not_asked',
    warns: /must be "true" or "false", not "maybe"/,
  },
  'unreadable annotation with OptOut': {
    request: without({ annotations: { [ANNOTATION]: '' } }),
    injector: selecting({ policy: 'OptOut' }),
    reason: 'injected',
    warns: /must be "true" or "false"/,
  },
  'misspelt annotation': {
    request: without({ annotations: { 'sidecar-injector-webhook.nginx.sidecar/need-inject': 'true' } }),
    reason: 'pod_not_asked',
    warns: /did you mean annotation sidecar-injector-webhook\.nginx\.sidecar\/need_inject/,
  },
  'default annotation': {
    request: without({ annotations: { 'inject.sidecarinjector.dev/nginx': 'true' } }),
    injector: injector({ selection: { namespaceSelector: { matchLabels: { a: 'b' } } } }),
    reason: 'injected',
  },
  'mode Audit': { injector: injector({ mode: 'Audit' }), reason: 'would_inject', warns: /mode is Audit/ },
  'mode Audit, pod says no': {
    request: without(),
    injector: injector({ mode: 'Audit' }),
    reason: 'pod_not_asked',
  },
  'mode Audit never rejects': {
    request: clash,
    injector: injector({ mode: 'Audit', injection: { onConflict: 'Reject' } }),
    reason: 'conflict_skipped',
    warns: /the name sidecar-nginx is taken/,
  },
  'mode Paused': { injector: injector({ mode: 'Paused' }), reason: 'paused' },
  'update of a pod': { request: { ...requestFor(pod()), operation: 'UPDATE' }, reason: 'not_pod_creation' },
  subresource: { request: { ...requestFor(pod()), subResource: 'ephemeralcontainers' }, reason: 'not_pod_creation' },
  'a kind that is only called Pod': {
    request: { ...requestFor(pod()), kind: { group: 'example.com', version: 'v1', kind: 'Pod' } },
    reason: 'not_pod_creation',
  },
  'another kind of the core group': {
    request: { ...requestFor(pod()), kind: { group: '', version: 'v1', kind: 'PodTemplate' } },
    reason: 'not_pod_creation',
  },
  'kube-system': { request: requestFor(pod(), 'kube-system'), reason: 'namespace_excluded' },
  "the operator's namespace": {
    request: requestFor(pod(), 'operators'),
    context: { excludedNamespaces: ['operators'] },
    reason: 'namespace_excluded',
  },
  'D16 the namespace is that of the request, not of the pod': {
    request: requestFor(pod({}, { namespace: 'shop' }), 'kube-system'),
    reason: 'namespace_excluded',
  },
  'namespace labels do not match': { namespace: { labels: {} }, reason: 'namespace_not_selected' },
  'namespace labels match': { namespace: { labels: { 'nginx-sidecar-injection': 'enabled' } }, reason: 'injected' },
  'pod labels do not match': {
    injector: selecting({ objectSelector: { matchLabels: { app: 'x' } } }),
    reason: 'object_not_selected',
  },
  'mirror pod': {
    request: requestFor(pod({}, { annotations: { 'kubernetes.io/config.mirror': 'x', [ANNOTATION]: 'true' } })),
    reason: 'mirror_pod',
  },
  'host network': { request: requestFor(pod({ hostNetwork: true })), reason: 'host_network' },
  'host network, allowed': {
    request: requestFor(pod({ hostNetwork: true })),
    injector: selecting({ allowHostNetwork: true }),
    reason: 'injected',
  },
  'already injected': { request: requestFor(inject(pod(), plain).pod), reason: 'already_injected' },
  'conflict, Skip': {
    request: clash,
    reason: 'conflict_skipped',
    warns: /not injected: the name sidecar-nginx is taken/,
  },
  'conflict, Replace': {
    request: clash,
    injector: injector({ injection: { onConflict: 'Replace' } }),
    reason: 'injected',
    warns: /the name sidecar-nginx is taken by another container: replaced/,
  },
  'conflict, Reject': {
    request: clash,
    injector: injector({ injection: { onConflict: 'Reject' } }),
    reason: 'conflict_rejected',
  },
  'no spec': { request: requestFor({ metadata: {} }), reason: 'pod_malformed', warns: /spec is not what/ },
  'containers that are a string': {
    request: requestFor(pod({ containers: 'x' })),
    reason: 'pod_malformed',
    warns: /spec\.containers/,
  },
  'annotations that are a list': {
    request: without({ annotations: [] }),
    reason: 'pod_malformed',
    warns: /annotations/,
  },
  'a probe pod, in Audit': {
    request: requestFor(probePod('nginx'), 'sidecar-injector-probe'),
    injector: injector({ mode: 'Audit' }),
    reason: 'injected',
  },
  'a probe pod that no selector matches': {
    request: requestFor(probePod('nginx'), 'sidecar-injector-probe'),
    injector: selecting({ objectSelector: { matchLabels: { app: 'x' } } }),
    namespace: { labels: {} },
    reason: 'injected',
  },
  "another injector's probe pod": {
    request: requestFor(probePod('other'), 'sidecar-injector-probe'),
    reason: 'namespace_excluded',
  },
  'a probe label elsewhere': { request: requestFor(probePod('nginx'), 'shop'), reason: 'pod_not_asked' },
  'a trial pod': { request: requestFor(trialPod(plain), 'sidecar-injector-probe'), reason: 'namespace_excluded' },
};

for (const [
  name,
  { request = requestFor(pod()), injector = plain, namespace, context, reason, warns },
] of Object.entries(CASES)) {
  test(`${name}: ${reason}`, () => {
    const decision = decide(request, injector, namespace, context);
    assert.equal(decision.reason, reason, decision.message);
    assert.equal(decision.action, REASONS[reason].action);
    assert.equal(decision.operations.length > 0, reason === 'injected', 'only an injection has a patch');
    assert.equal(decision.trace.at(-1)?.passed, reason === 'injected');
    assert.ok(decision.trace.slice(0, -1).every(({ passed }) => passed));
    if (warns === undefined) assert.deepEqual(decision.warnings, []);
    else assert.match(decision.warnings.join('\n'), warns);
  });
}

test('every reason of a decision is in the table of cases', () => {
  const covered = new Set(Object.values(CASES).map(({ reason }) => reason));
  const missing = (Object.keys(REASONS) as ReasonCode[]).filter((reason) => !covered.has(reason));
  assert.deepEqual(missing, ['unknown_injector'], 'this one is for when there is no injector to decide with');
});

test('D9 a pod of a workload has no name, and is decided on all the same', () => {
  const request = reviewRequest('deployment');
  assert.equal(request.name, '');
  assert.equal(decide(request, plain).reason, 'injected');
});

test('what a real API server sent is decided as its annotations say', () => {
  const reasons = REVIEWS.map((name) => [name, decide(reviewRequest(name), plain).reason]);
  assert.deepEqual(Object.fromEntries(reasons), {
    bare: 'pod_not_asked',
    'big-179k': 'pod_not_asked',
    deployment: 'injected',
    dryrun: 'pod_not_asked',
    'optin-false': 'pod_not_need',
    'optin-true': 'injected',
  });
});

test('a trial pod has the template in it, a probe pod has not', () => {
  assert.ok(names(trialPod(plain), 'containers').includes('sidecar-nginx'));
  assert.deepEqual(names(probePod('nginx'), 'containers'), ['sidecar-injector-probe']);
});

test('warnings are short, single lines, and few, whatever the pod says', () => {
  const nasty = `${'x'.repeat(500)}\n\u001b[31mred\u0000\u2028`;
  const request = without({ annotations: { [ANNOTATION]: nasty } });
  const { warnings } = decide(request, plain);
  assert.equal(warnings.length, 1);
  for (const warning of warnings) {
    assert.ok(warning.length <= 120);
    assert.match(warning, /^sidecar-injector nginx: [^\p{Cc}]+$/u);
  }
});

const details: [what: string, given: Omit<Case, 'reason'>, check: string, detail: RegExp][] = [
  ['a creation', {}, 'creation', /^CREATE of Pod$/],
  [
    'a subresource',
    { request: { ...requestFor(pod()), subResource: 'ephemeralcontainers' } },
    'creation',
    /^CREATE of Pod\/ephemeralcontainers$/,
  ],
  [
    'a namespace that matches',
    { namespace: { labels: { 'nginx-sidecar-injection': 'enabled' } } },
    'namespaceSelector',
    /namespace matches/,
  ],
  [
    'a namespace that lacks two labels',
    { injector: selecting({ namespaceSelector: { matchLabels: { a: 'b', c: 'd' } } }), namespace: { labels: {} } },
    'namespaceSelector',
    /does not match a=b, c=d$/,
  ],
  [
    'a pod that lacks two labels',
    { injector: selecting({ objectSelector: { matchLabels: { a: 'b', c: 'd' } } }) },
    'objectSelector',
    /does not match a=b, c=d$/,
  ],
  [
    'a host network that is allowed',
    { request: requestFor(pod({ hostNetwork: true })), injector: selecting({ allowHostNetwork: true }) },
    'hostNetwork',
    /hostNetwork is allowed/,
  ],
];
for (const check of ['namespaceSelector', 'objectSelector', 'annotation']) {
  details.push([
    'a probe pod',
    { request: requestFor(probePod('nginx'), 'sidecar-injector-probe') },
    check,
    /a probe pod: /,
  ]);
}
for (const [what, { request = requestFor(pod()), injector = plain, namespace }, check, detail] of details) {
  test(`the trace tells of ${what} at the check ${check}`, () => {
    const { trace } = decide(request, injector, namespace);
    assert.match(trace.find((step) => step.check === check)?.detail ?? '', detail);
  });
}

test('the message of a decision is what its last check says', () => {
  for (const by of [plain, selecting({ objectSelector: { matchLabels: { a: 'b' } } })]) {
    const { message, trace } = decide(requestFor(pod()), by);
    assert.notEqual(message, '');
    assert.equal(message, trace.at(-1)?.detail);
  }
});

test('whoever wrote the annotation, if unreadably, is not asked whether he meant it', () => {
  const annotations = { [ANNOTATION]: 'maybe', 'sidecar-injector-webhook.nginx.sidecar/need-inject': 'true' };
  const { warnings } = decide(without({ annotations }), plain);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /not "maybe"/);
});
