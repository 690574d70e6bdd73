/** When the configuration is written, what of it is a repair, and what happens to one that somebody else made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anchor,
  bundle,
  configuration,
  done,
  identity,
  injector,
  issuance,
  nothing,
  oldAnchor,
  served,
  service,
} from '../../test/support/injector-facts.ts';
import { facts as rolloverFacts, published } from '../../test/support/rollover-facts.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import { plan, repairOf, type Action, type Facts } from './plan.ts';
import { ownerReference, touched, touchOf, type DesiredObject } from './plan-objects.ts';
import { HURRIED, ROLLOVER_TIMING, type RolloverFacts } from './rollover.ts';

const known = { service: true, webhookConfiguration: true };
const rolling = (more: Partial<RolloverFacts>): Pick<Facts, 'rollover'> => ({
  rollover: { facts: rolloverFacts({}, more), timing: ROLLOVER_TIMING },
});
const changed: SidecarInjector = { ...injector, spec: { ...injector.spec, webhook: { timeoutSeconds: 7 } } };
const edited: JsonObject = {
  ...configuration,
  webhooks: (configuration['webhooks'] as JsonObject[]).map((webhook) => ({ ...webhook, failurePolicy: 'Fail' })),
};

function applied(facts: Facts): Extract<Action, { type: 'ApplyWebhookConfiguration' }> | undefined {
  return plan(facts).find((action) => action.type === 'ApplyWebhookConfiguration');
}

test('a touch writes the configuration with its mark, and the mark stays with later writes', () => {
  const hurried = touched(configuration as DesiredObject, HURRIED);
  const touch = applied({ ...done, webhookConfiguration: hurried, ...rolling(published({ touch: HURRIED })) });
  assert.equal(touch?.repair, undefined);
  assert.equal(touchOf(touch?.object), '7');
  const marked = touched(configuration as DesiredObject, '5.1');
  assert.equal(applied({ ...done, webhookConfiguration: marked, ...rolling({}) }), undefined);
  assert.equal(touchOf(applied({ ...done, injector: changed, webhookConfiguration: marked })?.object), '5.1');
});

test('a change of our own wish waits until two writes are far enough apart; a repair does not', () => {
  const soon = rolling(published({ asWanted: false, unchangedForMs: 0 }));
  assert.deepEqual(plan({ ...done, injector: changed, ...soon }), []);
  const later = rolling(published({ asWanted: false }));
  assert.equal(touchOf(applied({ ...done, injector: changed, ...later })?.object), undefined);
  assert.notEqual(applied({ ...done, injector: changed, ...later }), undefined);
  assert.equal(touchOf(applied({ ...done, webhookConfiguration: edited, ...soon })?.object), HURRIED);
});

test('a change of our own wish that leaves trust as it is published waits for no rollover', () => {
  const waiting = rolling({ state: { phase: 'Promoted', seq: 7, reverts: 0 }, inPhaseForMs: 0 });
  assert.notEqual(applied({ ...done, injector: changed, ...waiting }), undefined);
});

const spoilt = { ...done, remembered: true, issuance: nothing.issuance };
const asked = { name: 'req-1', request: 'pem', signerName: 's', usages: [], expirationSeconds: 600 };
const asking = { ...done, issuance: { ...issuance, needed: 'due', pending: { attempt: 0, wanted: asked } } };
const repairs: [name: string, facts: Facts, by: string, words: RegExp][] = [
  [
    'the Secret was deleted',
    { ...spoilt, identity: undefined, secretExists: false },
    'RestoreSecret Memory',
    /^Secret \S*nginx\S* was deleted/,
  ],
  [
    'its certificate was deleted',
    { ...spoilt, identity: undefined },
    'RestoreSecret Memory',
    /^Secret \S*nginx\S* was changed: its certificate is gone; written back/,
  ],
  [
    'its certificate was broken',
    { ...spoilt, identity: { ...identity, failure: 'has another key' } },
    'RestoreSecret Memory',
    /certificate has another key; written back/,
  ],
  [
    'an older Secret was put back',
    { ...done, putBack: true },
    'RestoreSecret Newer',
    /^Secret \S*nginx\S* was put back/,
  ],
  [
    'the Secret lost its labels',
    { ...done, secretMarked: false },
    'RestoreSecret Itself',
    /^Secret \S*nginx\S* lost its labels/,
  ],
  [
    'the request was deleted',
    { ...asking, known: { ...known, request: 'req-1' } },
    'Issuance',
    /^CertificateSigningRequest req-1 was deleted/,
  ],
  [
    'the Service was deleted',
    { ...done, service: undefined, known },
    'ApplyService',
    /^Service \S*nginx\S* was deleted/,
  ],
  [
    'the configuration was deleted',
    { ...served, known },
    'ApplyWebhookConfiguration',
    /^MutatingWebhookConfiguration \S*nginx\S* was deleted/,
  ],
  [
    'the configuration was edited',
    { ...done, webhookConfiguration: edited },
    'ApplyWebhookConfiguration',
    /^MutatingWebhookConfiguration \S*nginx\S* was changed by somebody else/,
  ],
];
for (const [name, facts, by, words] of repairs) {
  test(`people are told what is repaired: ${name}`, () => {
    const [repair] = plan(facts).filter((action) => repairOf(action) !== undefined);
    assert.match((repair && repairOf(repair)) ?? '', words);
    assert.equal(repair?.type === 'RestoreSecret' ? `${repair.type} ${repair.from}` : repair?.type, by);
  });
}

const plain: [name: string, facts: Facts][] = [
  ['the first request of a key', { ...asking, known: { ...known, request: 'req-0' } }],
  ['a Service that gets another owner', { ...done, service, known }],
  ['a configuration with another wish', { ...done, injector: changed, known }],
];
for (const [name, facts] of plain) {
  test(`it is no repair: ${name}`, () => {
    const actions = plan(facts);
    assert.notDeepEqual(actions, []);
    assert.deepEqual(
      actions.flatMap((action) => repairOf(action) ?? []),
      [],
    );
  });
}

const withExisting: SidecarInjector = {
  ...injector,
  spec: { ...injector.spec, webhook: { existingConfiguration: 'team-a' } },
};
const told = (configurationName: string): SidecarInjector => ({
  ...withExisting,
  status: { webhook: { configurationName } },
});
const theirs = (caBundle: string | undefined): JsonObject => ({
  metadata: { name: 'team-a', uid: 'theirs' },
  webhooks: (configuration['webhooks'] as { name: string; clientConfig: JsonObject }[])
    .slice(0, 1)
    .map(({ name, clientConfig }) => ({ name, clientConfig: { ...clientConfig, caBundle } })),
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const existing: Facts = {
  ...done,
  injector: withExisting,
  webhookConfiguration: theirs(base64(bundle)),
  service: undefined,
};
const typesOf = (facts: Facts): string[] => plan(facts).map(({ type }) => type);

test('a configuration of somebody else neither owns the Service nor is probed', () => {
  const [first, ...others] = plan(existing);
  assert.equal(first?.type, 'ApplyService');
  assert.deepEqual(first.object.metadata.ownerReferences, [ownerReference(injector)]);
  assert.deepEqual(others, []);
});

test('a configuration of somebody else that does not lead here is left alone', () => {
  const elsewhere = { metadata: { uid: 'theirs' }, webhooks: [{ name: 'x', clientConfig: { url: 'https://x/' } }] };
  assert.deepEqual(typesOf({ ...existing, webhookConfiguration: elsewhere }), ['ApplyService']);
});

test('our own configuration goes once that of somebody else works, and not before', () => {
  const own = { metadata: { uid: 'ours' } };
  const removed = (facts: Partial<Facts>): string[] =>
    plan({ ...existing, ownConfiguration: own, ...facts }).flatMap((action) =>
      action.type === 'RemoveOwnConfiguration' ? [action.uid] : [],
    );
  assert.deepEqual(removed({}), ['ours']);
  assert.deepEqual(removed({ ownConfiguration: undefined }), []);
  assert.deepEqual(removed({ webhookConfiguration: theirs('') }), []);
  assert.deepEqual(removed({ injector, webhookConfiguration: configuration }), []);
});

const fills: [name: string, facts: Partial<Facts>, repair: RegExp | undefined][] = [
  ['for the first time, of an injector without status', { injector: withExisting }, undefined],
  [
    'for the first time, of an injector without configuration',
    { injector: { ...withExisting, status: {} } },
    undefined,
  ],
  ['for the first time, of an injector that had its own', { injector: told('own') }, undefined],
  [
    'again, because somebody broke it',
    { injector: told('team-a') },
    /^MutatingWebhookConfiguration team-a was changed/,
  ],
];
for (const [name, facts, repair] of fills) {
  test(`the caBundle of somebody else's configuration is filled in ${name}`, () => {
    const action = applied({ ...existing, ...facts, webhookConfiguration: theirs(base64('no PEM')) });
    assert.equal(touchOf(action?.object), undefined);
    if (repair === undefined) assert.equal(action?.repair, undefined);
    else assert.match(action?.repair ?? '', repair);
  });
}

test('a bundle of our own anchors that is overtaken was not broken by anybody', () => {
  const overtaken = theirs(base64(anchor.pem + oldAnchor.pem));
  const facts = { ...existing, injector: told('team-a'), webhookConfiguration: overtaken };
  const next = { ...identity, fingerprint: 'leaf-2', anchors: [oldAnchor] };
  const third = { pem: 'third', fingerprint: 'c3', notAfter: oldAnchor.notAfter };
  const action = applied({ ...facts, next, otherAnchors: [third] });
  assert.notEqual(action, undefined);
  assert.equal(action?.repair, undefined);
  assert.equal(touchOf(action?.object), undefined);
});
