/** Facts in which something is amiss, or is yet to come, for the tests of what a status says. */
import type { SidecarInjector, WebhookOptions } from '../../src/api/v1alpha1/types.ts';
import { USAGES } from '../../src/domain/issuance.ts';
import { probeSubject, type Facts, type ProbeFacts, type TemplateFacts } from '../../src/domain/plan.ts';
import { ROLLOVER_TIMING, type RolloverFacts } from '../../src/domain/rollover.ts';
import { bundle, configured, done, identity, injector, later, nothing, now } from './injector-facts.ts';

const wantedRequest = {
  name: 'sidecar-injector-nginx-x',
  request: 'R',
  signerName: identity.signerName,
  usages: USAGES,
  expirationSeconds: 600,
};

/** A request of ours, which this operator neither approves nor signs. */
export const waiting = (request: object): Facts => ({
  ...nothing,
  issuance: {
    ...nothing.issuance,
    approves: false,
    signs: false,
    pending: { attempt: 0, wanted: { ...wantedRequest } },
    request: { ...wantedRequest, uid: 'u', username: 'me', createdAt: now, ...request },
  },
});

export const wishing = (webhook: WebhookOptions): SidecarInjector => ({
  ...injector,
  spec: { ...injector.spec, webhook },
});

/** With a rollover: an authority that is published for so long, and a replica b that serves nothing yet. */
export const rolling = (facts: Facts, state: Partial<RolloverFacts['state']>, unchangedForMs = 0): Facts => ({
  ...facts,
  rollover: {
    timing: ROLLOVER_TIMING,
    facts: {
      state: { phase: 'Staged', seq: 7, reverts: 0, ...state },
      current: { fingerprint: 'leaf-1' },
      next: { fingerprint: 'leaf-2' },
      hasPrevious: true,
      published: { asWanted: true, altered: false, unchangedForMs, touch: '7' },
      replicas: [{ name: 'b', live: true, seq: 7, served: undefined, servedForMs: 0, trustsPublished: true }],
      refusals: 0,
      lastRefusalAgoMs: 0,
      firstRefusalAgoMs: 0,
      inPhaseForMs: 0,
    },
  },
});

/** Revision r3 was tried, and r2 is in force. */
export const trying = (outcome: 'Rejected' | 'NotTried', message: string, more: Partial<TemplateFacts> = {}): Facts => {
  const trial = { revision: 'r3', outcome, message, again: later(1) };
  return { ...done, template: { wanted: 'r3', accepted: ['r2'], serving: 'r2', trial, ...more } };
};

/** The certificate in the Secret is not what it should be. */
export const broken: Facts = {
  ...done,
  issuance: nothing.issuance,
  identity: { ...identity, failure: 'was issued for another key' },
};

export const probed = (probe: Partial<ProbeFacts>): Facts => ({
  ...done,
  probe: { of: probeSubject(configured), succeeded: false, message: 'no luck', at: now, again: now, ...probe },
});

/** The configuration of somebody else, with one webhook that leads to the given Service. */
export const theirs = (service: string): Facts => ({
  ...done,
  injector: wishing({ existingConfiguration: 'theirs' }),
  webhookConfiguration: {
    webhooks: [
      {
        name: 'any.example.com',
        clientConfig: {
          service: { namespace: 'operators', name: service },
          caBundle: Buffer.from(bundle).toString('base64'),
        },
      },
    ],
  },
});

/** A new leader's first probe has failed so early that it proves nothing; one of the leader before came back in this generation. */
export const verifiedBefore = (observedGeneration: number): Facts => {
  const found = { status: 'True', reason: 'ProbeSucceeded', message: 'what the leader before found' } as const;
  const condition = { type: 'InjectionVerified', ...found, observedGeneration, lastTransitionTime: now.toISOString() };
  const facts = probed({ early: true, first: true });
  return { ...facts, injector: { ...facts.injector, status: { ...facts.injector.status, conditions: [condition] } } };
};
