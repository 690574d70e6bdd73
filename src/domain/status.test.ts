import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configured,
  done,
  identity,
  injector,
  issuance,
  later,
  nothing,
  now,
} from '../../test/support/injector-facts.ts';
import { broken, theirs, trying, waiting } from '../../test/support/status-facts.ts';
import type { Condition, SidecarInjectorStatus } from '../api/v1alpha1/types.ts';
import { probeSubject, type Facts } from './plan.ts';
import { statusChanged, statusOf, troubledStatus } from './status.ts';

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

test('trouble is told beside what was known', () => {
  const status = statusOf(done);
  const troubled = troubledStatus({ ...injector, status }, 'secrets is forbidden', later(1));
  assert.deepEqual(troubled.certificate, status.certificate);
  const told = Object.fromEntries(
    (troubled.conditions ?? []).map(({ type, status, reason }) => [type, `${status}/${reason}`]),
  );
  assert.equal(told['Ready'], 'True/Ready');
  assert.equal(told['Reconciling'], 'True/RetryingAfterError');
  assert.equal(troubledStatus(injector, 'x', now).conditions?.find(({ type }) => type === 'Ready')?.status, 'Unknown');
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
  assert.match(
    condition?.message ?? '',
    /nearly: typo has injekt=yes, wanted is inject=yes: the key is misspelt; slip/,
  );
  assert.match(condition?.message ?? '', /never injected: kube-system$/);
  assert.doesNotMatch(condition?.message ?? '', /other has/);
});

test('a status that says the same is not written again, also a second later', () => {
  const status = statusOf(done);
  const again = statusOf({ ...done, now: later(1), injector: { ...injector, status } });
  assert.equal(statusChanged(again, status), false);
  assert.equal(statusChanged(again, { ...status, pods: { matched: 3, injected: 3, outdated: 0, missed: 0 } }), false);
  assert.equal(statusChanged({ ...again, observedGeneration: 3 }, status), true);
});

test('what only a newer version writes into a status is no reason to write, and is not taken over', () => {
  const newer = {
    type: 'Foreseen',
    status: 'True',
    reason: 'R',
    message: '',
    lastTransitionTime: now.toISOString(),
  } as const;
  const status = statusOf(done);
  const stored = { ...status, forecast: { pods: 3 }, conditions: [...(status.conditions ?? []), newer] };
  const next = statusOf({ ...done, injector: { ...injector, status: stored } });
  assert.deepEqual(next, status);
  assert.equal(statusChanged(next, stored), false);
  const troubled = troubledStatus({ ...injector, status: stored }, 'no answer', now);
  assert.ok(!Object.hasOwn(troubled, 'forecast'));
  assert.ok(!JSON.stringify(troubled).includes('Foreseen'));
});

test('where the configuration is made by somebody else, ready needs no probe, but all the rest', () => {
  assert.equal(conditions(theirs('sidecar-injector-nginx'))['Ready'], 'True/Ready');
  assert.equal(conditions(theirs('other'))['Ready'], 'False/NotReady');
});

test('what was stalled or in progress is no longer, once it works', () => {
  const stuck = waiting({ denied: { message: 'Policy: no', at: now } });
  for (const [before, type] of [
    [stuck, 'Stalled'],
    [nothing, 'Reconciling'],
  ] as const) {
    const status = statusOf(before);
    assert.ok(status.conditions?.some((condition) => condition.type === type));
    assert.deepEqual(conditions({ ...done, injector: { ...injector, status } }), conditions(done));
  }
});

test('the status names the objects that are there, and no others', () => {
  const path = '/mutate/nginx';
  assert.deepEqual(statusOf(nothing).webhook, { path });
  const configurationName = 'sidecar-injector-nginx';
  assert.deepEqual(statusOf(done).webhook, { configurationName, serviceName: 'sidecar-injector-nginx', path });
  const named = theirs('sidecar-injector-nginx');
  assert.equal(statusOf(named).webhook?.configurationName, 'theirs');
});

test('the status has the certificate with its times to the second', () => {
  const precise = { ...identity, notBefore: new Date(now.getTime() + 7) };
  assert.deepEqual(statusOf({ ...done, identity: precise }).certificate, {
    signerName: 'sidecarinjector.dev/webhook-serving',
    serialNumber: '4a',
    notBefore: '2026-01-01T12:00:00Z',
    notAfter: '2026-01-02T12:00:00Z',
    renewalTime: '2026-01-02T01:53:20Z',
    secretName: 'sidecar-injector-nginx-tls',
    requestName: 'sidecar-injector-nginx-abc',
    trustedCAs: ['a1'],
  });
  const unasked = statusOf({ ...done, identity: { ...identity, requestName: '' } });
  assert.ok(!Object.hasOwn(unasked.certificate ?? {}, 'requestName'));
  assert.deepEqual(statusOf(broken).certificate?.trustedCAs, []);
});

test('the template in force has the generation in which it was accepted, as far as that is known', () => {
  const refused = trying('Rejected', 'no');
  assert.deepEqual(statusOf(refused).template, { revision: 'r2' });
  const status = { template: { revision: 'r2', acceptedGeneration: 1 } };
  const known = { ...refused, injector: { ...injector, status } };
  assert.deepEqual(statusOf(known).template, { revision: 'r2', acceptedGeneration: 1 });
  assert.ok(!Object.hasOwn(statusOf(nothing), 'template'));
});

test('trouble before anything is known says that and nothing else', () => {
  const condition = (type: string): Condition => ({
    type,
    status: 'True',
    reason: 'R',
    message: '',
    lastTransitionTime: '2026-01-01T12:00:00Z',
  });
  const types = ({ conditions: all = [] }: SidecarInjectorStatus): string[] => all.map(({ type }) => type);
  const first = troubledStatus(injector, 'no answer', now);
  assert.deepEqual(Object.keys(first), ['conditions']);
  assert.deepEqual(types(first), ['Ready', 'Reconciling']);
  const old = { ...injector, status: { conditions: [condition('SelectorMatches')] } };
  assert.deepEqual(types(troubledStatus(old, 'no answer', now)), ['SelectorMatches', 'Ready', 'Reconciling']);
});
