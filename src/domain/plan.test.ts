import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { at } from './json.ts';
import { USAGES } from './issuance.ts';
import { firstDifference } from './plan-drift.ts';
import { desiredService, desiredWebhookConfiguration, type DesiredObject } from './plan-objects.ts';
import { plan, probeSubject, revisionToServe, type Action, type CurrentIdentity, type Facts } from './plan.ts';
import { statusChanged, statusOf } from './status.ts';
import type { Anchor } from './trust.ts';

const now = new Date('2026-01-01T12:00:00Z');
const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const anchor: Anchor = { pem: '-----BEGIN A-----\n', fingerprint: 'a1', notAfter: later(86_400) };
const oldAnchor: Anchor = { pem: '-----BEGIN B-----\n', fingerprint: 'b2', notAfter: later(86_400) };
const operator = { namespace: 'operators', webhookPort: 10250 };
const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'uid-1', generation: 2 },
  spec: {
    selection: {
      namespaceSelector: { matchLabels: { inject: 'yes' } },
      matchConditions: [{ name: 'c', expression: 'true' }],
    },
    template: { containers: [{ name: 'side', image: 'i' }] },
  },
};
const identity: CurrentIdentity = {
  serialNumber: '4a',
  fingerprint: 'leaf-1',
  signerName: 'sidecarinjector.dev/webhook-serving',
  requestName: 'sidecar-injector-nginx-abc',
  notBefore: later(-60),
  notAfter: later(86_400),
  renewalTime: later(50_000),
  anchors: [anchor],
};
const issuance = { now, username: 'me', signerName: identity.signerName, approves: true, signs: true };

/** As the API server stores what was applied: with fields of its own and of others. */
function stored(object: DesiredObject): JsonObject {
  return { ...structuredClone(object), metadata: { ...structuredClone(object.metadata), uid: 'u', generation: 1 } };
}
const bundle = anchor.pem;
const service = stored(desiredService(injector, operator, undefined));
const configuration = stored(desiredWebhookConfiguration(injector, operator, bundle));
const adoptedService = stored(desiredService(injector, operator, 'u'));

const nothing: Facts = {
  now,
  injector,
  operator,
  service: undefined,
  webhookConfiguration: undefined,
  known: { service: false, webhookConfiguration: false },
  secretExists: false,
  secretMarked: false,
  identity: undefined,
  otherAnchors: [],
  remembered: false,
  served: undefined,
  issuance: { ...issuance, needed: 'there is no certificate yet' },
  leftoverRequests: [],
  template: { wanted: 'r2', accepted: [] },
  probe: undefined,
  namespaces: [{ name: 'apps', labels: { inject: 'yes' } }],
};
const served: Facts = {
  ...nothing,
  service,
  secretExists: true,
  secretMarked: true,
  identity,
  served: 'leaf-1',
  issuance: { ...issuance, needed: undefined },
  template: { wanted: 'r2', accepted: ['r2'], serving: 'r2' },
};
const published: Facts = { ...served, webhookConfiguration: configuration };
const configured: Facts = { ...published, service: adoptedService };
const done: Facts = {
  ...configured,
  probe: { of: probeSubject(configured), succeeded: true, message: 'came back', at: now, again: later(600) },
};

const types = (actions: Action[]): string[] =>
  actions.map((action) => (action.type === 'Issuance' ? action.step.step : action.type));

const rows: [name: string, facts: Facts, actions: string[]][] = [
  ['nothing is there', nothing, ['ApplyService', 'TryTemplate', 'GenerateKey']],
  ['all is there', done, []],
  ['the configuration waits for this replica to serve', { ...served, served: undefined }, []],
  ['the configuration waits for an accepted template', { ...served, template: { wanted: 'r2', accepted: ['r2'] } }, []],
  ['all works: publish', served, ['ApplyWebhookConfiguration']],
  ['published: the Service belongs to the configuration now', published, ['ApplyService', 'Probe']],
  ['published: prove it', configured, ['Probe']],
  ['the probe holds', { ...done, now: later(599) }, []],
  ['the probe is old', { ...done, now: later(601) }, ['Probe']],
  ['another certificate is served', { ...done, served: 'leaf-2' }, ['Probe']],
  ['the Service was deleted', { ...done, service: undefined }, ['ApplyService']],
  [
    'the configuration was deleted',
    { ...done, webhookConfiguration: undefined },
    ['ApplyService', 'ApplyWebhookConfiguration'],
  ],
  [
    'the Secret was deleted: written back from memory',
    { ...done, secretExists: false, identity: undefined, remembered: true, issuance: nothing.issuance },
    ['RestoreSecret'],
  ],
  [
    'the Secret was deleted and nobody remembers: the configuration stays until there is a new certificate',
    { ...done, secretExists: false, identity: undefined, issuance: nothing.issuance },
    ['GenerateKey'],
  ],
  [
    'the Secret was broken',
    { ...done, identity: { ...identity, failure: 'was issued for another key' }, remembered: true },
    ['RestoreSecret'],
  ],
  ['the Secret lost its labels', { ...done, secretMarked: false }, ['RestoreSecret']],
  ['renewal is due', { ...done, issuance: { ...issuance, needed: 'due' } }, ['GenerateKey']],
  ['requests are left over', { ...done, leftoverRequests: [{ name: 'x', uid: 'y' }] }, ['RemoveRequest']],
  [
    'a new template is tried while the old one is served',
    { ...done, template: { wanted: 'r3', accepted: ['r2'], serving: 'r2' } },
    ['TryTemplate'],
  ],
  [
    'a refused template is not tried again at once',
    {
      ...done,
      template: {
        wanted: 'r3',
        accepted: ['r2'],
        serving: 'r2',
        trial: { revision: 'r3', outcome: 'Rejected', message: 'no', again: later(60) },
      },
    },
    [],
  ],
  [
    'only the last templates are kept',
    { ...done, template: { wanted: 'r2', accepted: ['r2', 'r1', 'r0', 'q9', 'q8'], serving: 'r2' } },
    ['RemoveRevision', 'RemoveRevision'],
  ],
];
for (const [name, facts, actions] of rows) {
  test(`plan: ${name}`, () => assert.deepEqual(types(plan(facts)), actions));
  test(`plan, paused: ${name}`, () => {
    const paused = { ...facts.injector, spec: { ...facts.injector.spec, mode: 'Paused' as const } };
    assert.deepEqual(plan({ ...facts, injector: paused }), []);
  });
}

test('an anchor that may still be served stays in the bundle', () => {
  const [action] = plan({ ...done, otherAnchors: [oldAnchor] });
  assert.equal(action?.type, 'ApplyWebhookConfiguration');
  const webhooks = action.object['webhooks'] as { clientConfig: { caBundle: string } }[];
  for (const { clientConfig } of webhooks) {
    assert.equal(Buffer.from(clientConfig.caBundle, 'base64').toString(), anchor.pem + oldAnchor.pem);
  }
});

test('fields that others add are no reason to write', () => {
  const touched = structuredClone(configuration) as { metadata: { labels: JsonObject }; webhooks: JsonObject[] };
  touched.metadata.labels['argocd'] = 'x';
  touched.webhooks.unshift({ name: 'other.example.com' });
  assert.deepEqual(plan({ ...done, webhookConfiguration: touched }), []);
});

const edits: [what: string, path: string, edit: (webhooks: JsonObject[]) => void][] = [
  [
    'the caBundle',
    'clientConfig.caBundle',
    ([first]) => Object.assign(first?.['clientConfig'] as JsonObject, { caBundle: 'Z2FyYmFnZQ==' }),
  ],
  ['a selector', 'namespaceSelector', ([first]) => Object.assign(first ?? {}, { namespaceSelector: {} })],
  ['the rules', 'rules', ([first]) => Object.assign(first ?? {}, { rules: [] })],
  ['the failure policy', 'failurePolicy', ([first]) => Object.assign(first ?? {}, { failurePolicy: 'Fail' })],
  ['the probe entry', 'webhooks', (webhooks) => webhooks.pop()],
];
for (const [what, path, edit] of edits) {
  test(`a hand that changes ${what} is seen and told of`, () => {
    const touched = structuredClone(configuration) as { webhooks: JsonObject[] };
    edit(touched.webhooks);
    const [action] = plan({ ...done, webhookConfiguration: touched });
    assert.equal(action?.type, 'ApplyWebhookConfiguration');
    assert.ok(action.repair?.includes('changed by somebody else') && action.repair.includes(path), action.repair);
  });
}

test('what was there and is missing is told of; what never was is not', () => {
  for (const known of [true, false]) {
    const facts = { ...done, service: undefined, known: { service: known, webhookConfiguration: known } };
    const [action] = plan(facts);
    assert.equal(action?.type, 'ApplyService');
    assert.equal(action.repair !== undefined, known);
  }
});

test('a change of our own wish is no repair', () => {
  const changed = { ...injector, spec: { ...injector.spec, webhook: { timeoutSeconds: 7 } } };
  const [action] = plan({ ...done, injector: changed });
  assert.equal(action?.type, 'ApplyWebhookConfiguration');
  assert.equal(action.repair, undefined);
});

test('the webhook never sees the operator, kube-system and the probes; the probe entry sees nothing else', () => {
  const [main, probe] = configuration['webhooks'] as JsonObject[];
  assert.deepEqual(at(main, ['namespaceSelector', 'matchExpressions', 0, 'values']), [
    'operators',
    'kube-system',
    'kube-node-lease',
    'sidecar-injector-probe',
  ]);
  assert.deepEqual(main?.['matchConditions'], [{ name: 'c', expression: 'true' }]);
  assert.deepEqual(probe?.['namespaceSelector'], {
    matchLabels: { 'kubernetes.io/metadata.name': 'sidecar-injector-probe' },
  });
  assert.deepEqual(probe?.['objectSelector'], { matchLabels: { 'sidecarinjector.dev/probe': 'nginx' } });
  assert.equal(probe?.['matchConditions'], undefined);
});

test('with a webhook URL no Service is named', () => {
  const { webhooks } = desiredWebhookConfiguration(
    injector,
    { ...operator, webhookUrl: 'https://{name}.localhost:1' },
    bundle,
  );
  const [first] = webhooks as { clientConfig: JsonObject }[];
  assert.equal(first?.clientConfig['url'], 'https://nginx.localhost:1/mutate/nginx');
  assert.equal(first?.clientConfig['service'], undefined);
});

test('lists that are no maps are compared whole, and missing objects by their path', () => {
  assert.equal(firstDifference({ a: [1] }, { a: [1, 2] }), 'a');
  assert.equal(firstDifference({ a: { b: 1 } }, { a: {} }), 'a.b');
  assert.equal(firstDifference({ a: 1 }, { a: 1, b: 2 }), undefined);
  assert.equal(firstDifference({ constructor: 1 }, {}), 'constructor');
});

test('without an accepted template of their own, replicas serve the last one that was', () => {
  assert.equal(revisionToServe({ wanted: 'r3', accepted: ['r2', 'r1'], serving: 'r1' }), 'r1');
  assert.equal(revisionToServe({ wanted: 'r3', accepted: ['r2'], serving: 'gone' }), 'r2');
  assert.equal(revisionToServe({ wanted: 'r3', accepted: [] }), undefined);
});

/** type -> status/reason of the conditions. */
function conditions(facts: Facts): Record<string, string> {
  return Object.fromEntries(
    (statusOf(facts).conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]),
  );
}

test('status: all is well', () => {
  assert.deepEqual(conditions(done), {
    Ready: 'True/Ready',
    Accepted: 'True/TemplateAccepted',
    CertificateReady: 'True/Issued',
    WebhookConfigured: 'True/Configured',
    InjectionVerified: 'True/ProbeSucceeded',
    SelectorMatches: 'True/NamespacesMatch',
  });
  const status = statusOf(done);
  assert.deepEqual(status.template, { revision: 'r2', acceptedGeneration: 2 });
  assert.deepEqual(status.certificate?.trustedCAs, ['a1']);
});

const waiting = (request: object, more: object = {}): Facts => ({
  ...nothing,
  issuance: {
    ...nothing.issuance,
    approves: false,
    signs: false,
    pending: { attempt: 0, wanted: { ...wantedRequest } },
    request: { ...wantedRequest, uid: 'u', username: 'me', createdAt: now, ...request },
    ...more,
  },
});
const wantedRequest = {
  name: 'sidecar-injector-nginx-x',
  request: 'R',
  signerName: identity.signerName,
  usages: USAGES,
  expirationSeconds: 600,
};

const statuses: [name: string, facts: Facts, expected: Record<string, string | undefined>][] = [
  [
    'nothing is there yet',
    nothing,
    {
      Ready: 'False/NotReady',
      Accepted: 'Unknown/TemplateNotTried',
      CertificateReady: 'False/Pending',
      WebhookConfigured: 'False/WaitingForCertificate',
      InjectionVerified: 'Unknown/NotProbed',
      Reconciling: 'True/Progressing',
      Stalled: undefined,
    },
  ],
  ['nobody approves', waiting({}), { CertificateReady: 'False/Pending', Reconciling: 'True/Progressing' }],
  [
    'denied',
    waiting({ denied: { message: 'Policy: no', at: now } }),
    { CertificateReady: 'False/Denied', Stalled: 'True/Denied', Reconciling: undefined },
  ],
  [
    'failed',
    waiting({ approvedAt: now, failed: { message: 'SignerValidationFailure: x', at: now } }),
    { CertificateReady: 'False/Failed', Stalled: 'True/Failed' },
  ],
  [
    'unusable',
    waiting({ approvedAt: now, issued: { failure: 'was issued for another key' } }),
    { CertificateReady: 'False/Invalid' },
  ],
  [
    'renewing',
    { ...done, issuance: { ...issuance, needed: 'due' } },
    { CertificateReady: 'True/Renewing', Ready: 'True/Ready' },
  ],
  [
    'expired',
    { ...done, now: later(90_000), identity: { ...identity, failure: 'expired' }, issuance: nothing.issuance },
    { CertificateReady: 'False/Expired', Ready: 'False/NotReady' },
  ],
  [
    'template refused, an older one in force',
    {
      ...done,
      template: {
        wanted: 'r3',
        accepted: ['r2'],
        serving: 'r2',
        trial: { revision: 'r3', outcome: 'Rejected', message: 'Pod "x" is invalid: spec.containers', again: later(1) },
      },
    },
    { Accepted: 'False/TemplateRejected', Stalled: 'True/TemplateRejected', Ready: 'False/NotReady' },
  ],
  [
    'probe fails',
    { ...done, probe: { of: probeSubject(configured), succeeded: false, message: 'x', at: now, again: now } },
    { InjectionVerified: 'False/ProbeFailed', Ready: 'False/NotReady' },
  ],
  [
    'no namespace matches',
    { ...done, namespaces: [] },
    { SelectorMatches: 'False/NoNamespaceMatches', Ready: 'True/Ready' },
  ],
  [
    'paused',
    { ...done, injector: { ...injector, spec: { ...injector.spec, mode: 'Paused' } } },
    { Reconciling: undefined, Stalled: undefined },
  ],
  ['trouble', { ...nothing, trouble: 'secrets is forbidden' }, { Reconciling: 'True/RetryingAfterError' }],
];
for (const [name, facts, expected] of statuses) {
  test(`status: ${name}`, () => {
    const actual = conditions(facts);
    for (const [type, value] of Object.entries(expected)) assert.equal(actual[type], value, type);
    for (const condition of statusOf(facts).conditions ?? []) {
      assert.equal(condition.observedGeneration, 2);
      assert.notEqual(condition.message, '', condition.type);
    }
  });
}

test("the server's words are in the message of what they explain", () => {
  const refused = statuses.find(([name]) => name.startsWith('template refused'))?.[1] ?? nothing;
  const accepted = statusOf(refused).conditions?.find(({ type }) => type === 'Accepted');
  assert.match(accepted?.message ?? '', /Pod "x" is invalid: spec\.containers.*revision r2 stays in force/);
});

test('a namespace that nearly matches is named', () => {
  const namespaces = [
    { name: 'slip', labels: { inject: 'true' } },
    { name: 'typo', labels: { injekt: 'yes' } },
    { name: 'kube-system', labels: { inject: 'yes' } },
    { name: 'other', labels: { app: 'x' } },
  ];
  const condition = statusOf({ ...done, namespaces }).conditions?.find(({ type }) => type === 'SelectorMatches');
  assert.equal(condition?.status, 'False');
  assert.match(condition?.message ?? '', /slip \(has inject=true\), typo \(has injekt=yes\)/);
  assert.doesNotMatch(condition?.message ?? '', /kube-system|other/);
});

test('a status that says the same is not written again, also a second later', () => {
  const status = statusOf(done);
  const again = statusOf({ ...done, now: later(1), injector: { ...injector, status } });
  assert.equal(statusChanged(again, status), false);
  assert.equal(statusChanged(again, { ...status, pods: { matched: 3 } }), false);
  assert.equal(statusChanged({ ...again, observedGeneration: 3 }, status), true);
});
