import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  configuration,
  done,
  identity,
  issuance,
  later,
  nothing,
  now,
  served,
} from '../../test/support/injector-facts.ts';
import {
  broken,
  probed,
  rolling,
  theirs,
  trying,
  verifiedBefore,
  waiting,
  wishing,
} from '../../test/support/status-facts.ts';
import type { Facts } from './plan.ts';
import { statusOf } from './status.ts';

const altered = structuredClone(configuration) as { webhooks: { rules: unknown }[] };
for (const webhook of altered.webhooks) webhook.rules = [];

const VALID = 'signed by sidecarinjector\\.dev/webhook-serving, valid until 2026-01-02T12:00:00\\.000Z';
const told: Record<string, [what: string, facts: Facts, state: string, message: RegExp][]> = {
  Accepted: [
    [
      'a template that came after the one that was tried',
      trying('Rejected', 'no', { wanted: 'r4' }),
      'Unknown/TemplateNotTried',
      /has not been tried yet/,
    ],
    [
      'a trial that nobody answered, with the cause',
      trying('NotTried', 'dial tcp 10.0.0.1:443: connect: connection refused'),
      'Unknown/TemplateNotTried',
      /nothing listens behind the Service.*connection refused; revision r2 stays in force/,
    ],
    [
      'a first template that is refused',
      trying('Rejected', 'no', { accepted: [], serving: undefined }),
      'False/TemplateRejected',
      /: no; nothing is injected until then$/,
    ],
  ],
  CertificateReady: [
    ['a certificate that does', done, 'True/Issued', new RegExp(`^${VALID}$`)],
    [
      'a certificate that lives shorter than was asked for',
      { ...done, identity: { ...identity, shorter: 'the signer gave 1 h' } },
      'True/Issued',
      new RegExp(`^${VALID}; the signer gave 1 h$`),
    ],
    [
      'caBundleFrom that leads nowhere',
      { ...done, trustMissing: 'ConfigMap a/b does not exist' },
      'True/Issued',
      new RegExp(`^${VALID}; caBundleFrom: ConfigMap a/b does not exist$`),
    ],
    [
      'a renewal that is about to be asked for',
      { ...done, issuance: { ...issuance, needed: 'it is old' } },
      'True/Renewing',
      /; a new one is asked for: it is old$/,
    ],
    [
      'a renewal that nobody approves',
      { ...done, issuance: { ...waiting({}).issuance, needed: 'it is old' } },
      'True/Renewing',
      /: it is old; sidecar-injector-nginx-x waits for somebody to approve it/,
    ],
    ['no change of authorities', rolling(done, { phase: 'Stable' }), 'True/Issued', new RegExp(`^${VALID}$`)],
    [
      'a change of authorities that waits',
      rolling(done, {}),
      'True/Renewing',
      new RegExp(`^${VALID}; another authority comes in, Settling: new trust reaches every API server$`),
    ],
    [
      'a change of authorities that goes on at once',
      rolling(done, {}, 100_000),
      'True/Renewing',
      /; another authority comes in, Settling$/,
    ],
    [
      'a change of authorities that was taken back',
      rolling(done, { reverts: 2 }),
      'True/Renewing',
      /: new trust reaches every API server; taken back 2 times$/,
    ],
    [
      'a request that waits for approval',
      waiting({}),
      'False/Pending',
      /^sidecar-injector-nginx-x waits for somebody to approve it/,
    ],
    [
      'a request that waits for its signer',
      waiting({ approvedAt: now }),
      'False/Pending',
      /^sidecar-injector-nginx-x is approved and waits/,
    ],
    [
      'a request that was denied',
      waiting({ denied: { message: 'Policy: no', at: now } }),
      'False/Denied',
      /^sidecar-injector-nginx-x was denied: Policy: no$/,
    ],
    [
      'a request that failed',
      waiting({ approvedAt: now, failed: { message: 'SignerValidationFailure', at: now } }),
      'False/Failed',
      /^sidecar-injector-nginx-x failed: SignerValidationFailure$/,
    ],
    [
      'a certificate that cannot be used',
      waiting({ approvedAt: now, issued: { failure: 'was issued for another key' } }),
      'False/Invalid',
      /^the certificate issued for sidecar-injector-nginx-x was issued for another key$/,
    ],
    ['no certificate at all', nothing, 'False/Pending', /no certificate has been issued yet/],
    [
      'a broken Secret, also in the last moment of its certificate',
      { ...broken, now: identity.notAfter },
      'False/Invalid',
      /the certificate in Secret sidecar-injector-nginx-tls was issued for another key/,
    ],
  ],
  WebhookConfigured: [
    ['a replica that does not serve yet', nothing, 'False/WaitingForCertificate', /until this replica serves/],
    [
      'another replica that does not serve yet',
      rolling(served, { phase: 'Stable' }),
      'False/WaitingForCertificate',
      /until every replica serves/,
    ],
    [
      'a template that nobody accepted yet',
      { ...served, template: { wanted: 'r2', accepted: [] } },
      'False/WaitingForTemplate',
      /^waits until a template that the API server accepted is in force$/,
    ],
    [
      'a configuration that is about to be made',
      served,
      'False/NotConfigured',
      /MutatingWebhookConfiguration sidecar-injector-nginx does not exist/,
    ],
    [
      'a configuration while there is no certificate',
      broken,
      'False/WaitingForCertificate',
      /sidecar-injector-nginx stays as it is/,
    ],
    [
      'a configuration that a hand changed',
      { ...done, webhookConfiguration: altered },
      'False/NotConfigured',
      /sidecar-injector-nginx is altered at .*rules$/,
    ],
    [
      'a configuration that an older wish made',
      { ...done, injector: wishing({ timeoutSeconds: 7 }) },
      'False/NotConfigured',
      /sidecar-injector-nginx is outdated$/,
    ],
    [
      'a failure policy that is given up for now',
      { ...probed({ failingSince: later(-60) }), injector: wishing({ failurePolicy: 'Fail' }) },
      'False/FailurePolicyDemoted',
      /Ignore instead of Fail.*since 2026-01-01T11:59:00\.000Z.*see InjectionVerified/,
    ],
    [
      'a configuration of somebody else that leads elsewhere',
      theirs('other'),
      'False/NotConfigured',
      /theirs has no webhook that leads to Service operators\/sidecar-injector-nginx/,
    ],
  ],
  InjectionVerified: [
    [
      'a configuration of somebody else that leads to us',
      theirs('sidecar-injector-nginx'),
      'Unknown/NotProbed',
      /not made by the operator/,
    ],
    [
      'a probe before the configuration was deleted',
      { ...done, webhookConfiguration: undefined },
      'Unknown/NotProbed',
      /no probe pod has been sent/,
    ],
    [
      'a probe so early that it proves nothing',
      probed({ early: true }),
      'Unknown/NotProbed',
      /since the last change yet: no luck/,
    ],
    [
      'the first probe of a new leader, after one that came back to the leader before',
      verifiedBefore(2),
      'True/ProbeSucceeded',
      /^what the leader before found$/,
    ],
    [
      'the first probe of a new leader, after one that came back before a change of the object',
      verifiedBefore(1),
      'Unknown/NotProbed',
      /since the last change yet: no luck/,
    ],
    [
      'a probe of what was there before',
      probed({ succeeded: true, of: 'before' }),
      'Unknown/NotProbed',
      /something changed/,
    ],
  ],
  Ready: [
    [
      'all that keeps an injector from being ready',
      nothing,
      'False/NotReady',
      /^Accepted: .*; CertificateReady: .*; WebhookConfigured: .*; InjectionVerified: /,
    ],
  ],
};
for (const [type, rows] of Object.entries(told)) {
  for (const [what, facts, state, message] of rows) {
    test(`people are told of ${what} by ${type}`, () => {
      const condition = statusOf(facts).conditions?.find((each) => each.type === type);
      assert.equal(`${condition?.status}/${condition?.reason}`, state);
      assert.match(condition?.message ?? '', message);
    });
  }
}
