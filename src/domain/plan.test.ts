import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import {
  anchor,
  bundle,
  configuration,
  configured,
  done,
  identity,
  injector,
  issuance,
  later,
  nothing,
  now,
  oldAnchor,
  operator,
  published,
  served,
} from '../../test/support/injector-facts.ts';
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { at } from './json.ts';
import { firstDifference } from './plan-drift.ts';
import { desiredService, desiredWebhookConfiguration, touchOf, WEBHOOK_PORT_NAME } from './plan-objects.ts';
import { HURRIED, ROLLOVER_TIMING, type RolloverFacts } from './rollover.ts';
import {
  knownAnchors,
  plan,
  probeSubject,
  revisionToServe,
  rolloverStep,
  truceUntil,
  waitingFor,
  wantedBundle,
  type Action,
  type Facts,
} from './plan.ts';

const types = (actions: Action[]): string[] =>
  actions.map((action) => (action.type === 'Issuance' ? action.step.step : action.type));

const wantedRequest = { name: 'req-1', request: 'pem', signerName: 's', usages: [], expirationSeconds: 600 };
const pending = { ...issuance, needed: 'due', pending: { attempt: 0, wanted: wantedRequest } };
const refused = {
  ...wantedRequest,
  uid: 'r',
  username: 'me',
  createdAt: now,
  denied: { message: 'no', at: now },
};
const rejected = { revision: 'r3', outcome: 'Rejected' as const, message: 'no', again: later(60) };
const newTemplate = { wanted: 'r3', accepted: ['r2'], serving: 'r2' };

const rows: [name: string, facts: Facts, actions: string[]][] = [
  ['nothing is there', nothing, ['ApplyService', 'TryTemplate', 'GenerateKey']],
  ['all is there', done, []],
  ['the configuration waits for this replica to serve', { ...served, served: undefined }, []],
  ['the configuration waits for an accepted template', { ...served, template: { wanted: 'r2', accepted: ['r2'] } }, []],
  ['all works: publish', served, ['ApplyWebhookConfiguration']],
  ['published: the Service belongs to the configuration now', published, ['ApplyService', 'Probe']],
  ['published: prove it', configured, ['Probe']],
  ['the probe holds', { ...done, now: later(599) }, []],
  ['the probe is just old enough', { ...done, now: later(600) }, ['Probe']],
  ['nothing can be proven before a template is served', { ...done, template: { wanted: 'r2', accepted: ['r2'] } }, []],
  ['the probe is old', { ...done, now: later(601) }, ['Probe']],
  [
    'what leads nowhere for the moment is kept up to date',
    {
      ...done,
      served: undefined,
      injector: { ...injector, spec: { ...injector.spec, webhook: { timeoutSeconds: 7 } } },
    },
    ['ApplyWebhookConfiguration', 'Probe'],
  ],
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
  [
    'an older Secret was put back: what is published stays until it is undone',
    { ...done, identity: { ...identity, anchors: [oldAnchor] }, putBack: true },
    ['RestoreSecret'],
  ],
  ['a Secret that works is not written back', { ...done, remembered: true }, []],
  ['a key waits for its request', { ...done, issuance: pending }, ['CreateRequest']],
  ['a refused request is not made again at once', { ...done, issuance: { ...pending, request: refused } }, []],
  ['the Secret lost its labels', { ...done, secretMarked: false }, ['RestoreSecret']],
  ['renewal is due', { ...done, issuance: { ...issuance, needed: 'due' } }, ['GenerateKey']],
  ['requests are left over', { ...done, leftoverRequests: [{ name: 'x', uid: 'y' }] }, ['RemoveRequest']],
  ['a new template is tried while the old one is served', { ...done, template: newTemplate }, ['TryTemplate']],
  ['a refused template is not tried again at once', { ...done, template: { ...newTemplate, trial: rejected } }, []],
  [
    'a refused template is tried again when its time has come',
    { ...done, template: { ...newTemplate, trial: { ...rejected, again: now } } },
    ['TryTemplate'],
  ],
  [
    'another template is not held up by a refused one',
    { ...done, template: { ...newTemplate, trial: { ...rejected, revision: 'r1' } } },
    ['TryTemplate'],
  ],
  [
    'only the last ten templates are kept',
    { ...done, template: { wanted: 'r2', accepted: ['r2', ...Array.from('abcdefghijk')], serving: 'r2' } },
    ['RemoveRevision', 'RemoveRevision'],
  ],
  [
    'what is served is kept, however old',
    { ...done, template: { wanted: 'r2', accepted: ['r2', ...Array.from('abcdefghijk')], serving: 'k' } },
    ['RemoveRevision', 'Probe'],
  ],
  [
    'an older template is the newest again when it is taken back to',
    { ...done, template: { wanted: 'r2', accepted: ['r3', 'r2'], serving: 'r2' } },
    ['RenewRevision'],
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
    // Right after the hand's own write: an API server may miss it, so it is touched later.
    assert.equal(touchOf(action.object), HURRIED);
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

test('whoever undoes each repair at once is answered more and more slowly, but for our own changes', () => {
  const fought = { ...done, service: undefined, known: { service: true, webhookConfiguration: true } };
  const repairs = [5, 4, 3, 2, 1].map((seconds) => later(-seconds));
  assert.deepEqual(types(plan({ ...fought, repairs })), ['ApplyService']);
  const fight = [...repairs, later(0)];
  assert.deepEqual(types(plan({ ...fought, repairs: fight })), []);
  assert.deepEqual(types(plan({ ...fought, repairs: fight, now: later(31) })), ['ApplyService']);
  const changed = { ...injector, spec: { ...injector.spec, webhook: { timeoutSeconds: 7 } } };
  assert.deepEqual(types(plan({ ...done, repairs: fight, injector: changed })), ['ApplyWebhookConfiguration']);
});

test('only repairs of the last minute make a fight, and a truce is half a minute from the last of them', () => {
  const seconds = (until: Date | undefined): number | undefined =>
    until === undefined ? undefined : (until.getTime() - now.getTime()) / 1000;
  const truce = (...ago: number[]): number | undefined =>
    seconds(
      truceUntil(
        ago.map((some) => later(-some)),
        now,
      ),
    );
  assert.equal(truce(), undefined);
  assert.equal(truce(59, 5, 4, 3, 2, 1), 29);
  assert.equal(truce(60, 5, 4, 3, 2, 1), undefined);
  assert.equal(truce(34, 33, 32, 31, 30, 29), 1);
  assert.equal(truce(35, 34, 33, 32, 31, 30), undefined);
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

test('in a cluster the Service leads to the port that the Deployment names', async () => {
  const manifest = await readFile(new URL('../../config/manager/deployment.yaml', import.meta.url), 'utf8');
  const [container] = parse(manifest).spec.template.spec.containers;
  assert.ok(container.ports.some(({ name }: { name: string }) => name === WEBHOOK_PORT_NAME));
  const { spec } = desiredService(injector, { ...operator, webhookPort: WEBHOOK_PORT_NAME }, undefined);
  assert.equal(at(spec, ['ports', 0, 'targetPort']), WEBHOOK_PORT_NAME);
});

test('lists that are no maps are compared whole, and missing objects by their path', () => {
  assert.equal(firstDifference({ a: [1] }, { a: [1, 2] }), 'a');
  assert.equal(firstDifference({ a: { b: 1 } }, { a: {} }), 'a.b');
  assert.equal(firstDifference({ a: 1 }, { a: 1, b: 2 }), undefined);
  assert.equal(firstDifference({ constructor: 1 }, {}), 'constructor');
});

test('while clocks differ by minutes, no trust is given up', () => {
  const long = 10_000_000;
  const rollover: RolloverFacts = {
    state: { phase: 'Promoted', seq: 7, reverts: 0 },
    current: { fingerprint: 'leaf-1' },
    next: undefined,
    hasPrevious: true,
    published: { asWanted: true, altered: false, unchangedForMs: long, touch: undefined },
    replicas: [{ name: 'a', live: true, seq: 7, served: 'leaf-1', servedForMs: long, trustsPublished: true }],
    refusals: 0,
    lastRefusalAgoMs: long,
    firstRefusalAgoMs: long,
    inPhaseForMs: long,
  };
  const facts: Facts = { ...done, rollover: { facts: rollover, timing: ROLLOVER_TIMING } };
  const steps = (clockSkewMs: number): string[] =>
    plan({ ...facts, clockSkewMs }).flatMap((action) => (action.type === 'Rollover' ? [action.step.state.phase] : []));
  assert.deepEqual(steps(0), ['Narrowing']);
  assert.deepEqual(steps(-299_000), ['Narrowing']);
  assert.deepEqual(steps(301_000), []);
  assert.deepEqual(steps(-301_000), []);
  assert.partialDeepStrictEqual(
    rolloverStep({ ...facts, clockSkewMs: 301_000 }),
    { step: 'Wait' },
    'it is asked again',
  );
  const coming = { fingerprint: 'leaf-2' };
  const lost: RolloverFacts = { ...rollover, state: { ...rollover.state, phase: 'Staged' }, current: undefined };
  const goesOn = { ...facts, rollover: { facts: { ...lost, next: coming }, timing: ROLLOVER_TIMING } };
  const [step] = plan({ ...goesOn, clockSkewMs: 301_000 }).filter(({ type }) => type === 'Rollover');
  assert.equal(step?.type === 'Rollover' && step.step.state.phase, 'Promoted');
});

test('without an accepted template of their own, replicas serve the last one that was', () => {
  assert.equal(revisionToServe({ wanted: 'r3', accepted: ['r2', 'r1'], serving: 'r1' }), 'r1');
  assert.equal(revisionToServe({ wanted: 'r3', accepted: ['r2'], serving: 'gone' }), 'r2');
  assert.equal(revisionToServe({ wanted: 'r3', accepted: [] }), undefined);
});

test('anything that a probe goes through asks for a new one when it changes', () => {
  const stored = (more: JsonObject): Pick<Facts, 'webhookConfiguration'> => ({
    webhookConfiguration: { ...configuration, metadata: { ...(configuration['metadata'] as JsonObject), ...more } },
  });
  const changed: Partial<Facts>[] = [
    {},
    stored({ uid: 'u2' }),
    stored({ generation: 2 }),
    { served: 'leaf-2' },
    { template: { wanted: 'r2', accepted: ['r2'], serving: 'r1' } },
    { injector: { ...injector, spec: { ...injector.spec, mode: 'Audit' } } },
    // Parts that are told apart by nothing but their border.
    stored({ uid: 'u11', generation: 1 }),
    stored({ uid: 'u1', generation: 11 }),
  ];
  const subjects = changed.map((more) => probeSubject({ ...done, ...more }));
  assert.equal(new Set(subjects).size, changed.length, subjects.join('\n'));
  assert.equal(probeSubject({ ...done, ...stored({ labels: { other: 'x' } }) }), subjects[0]);
});

const failed = { ...identity, failure: 'expired' };
const next = { ...identity, fingerprint: 'leaf-2', anchors: [oldAnchor] };

const bundles: [name: string, facts: Partial<Facts>, fingerprints: string[] | undefined][] = [
  ['of what is served', { identity }, ['a1']],
  ['of what is served and of what comes', { identity, next }, ['a1', 'b2']],
  ['also of what comes and does not work', { identity, next: { ...next, failure: 'expired' } }, ['a1', 'b2']],
  ['also of what is served and does not work any more', { identity: failed, next }, ['a1', 'b2']],
  ['of what comes, where nothing was there before', { identity: undefined, next }, ['b2']],
  ['of what was served before', { identity, otherAnchors: [oldAnchor] }, ['a1', 'b2']],
  ['unknown: nothing works', { identity: failed, next: undefined }, undefined],
  ['unknown: nothing works, nor will', { identity: undefined, next: failed }, undefined],
  ['unknown: what was spoilt is about to be written back', { identity: failed, next, remembered: true }, undefined],
  ['unknown: an older Secret was put back', { identity, putBack: true }, undefined],
];
for (const [name, facts, fingerprints] of bundles) {
  test(`trust that is published: ${name}`, () => {
    const bundled = wantedBundle({ ...done, ...facts });
    assert.deepEqual(
      bundled?.map(({ fingerprint }) => fingerprint),
      fingerprints,
    );
  });
}

test('the operator knows all anchors that it may have published as its own', () => {
  assert.deepEqual(knownAnchors({ identity, next: undefined, otherAnchors: [oldAnchor] }), [anchor, oldAnchor]);
  assert.deepEqual(knownAnchors({ identity: undefined, next, otherAnchors: [] }), [oldAnchor]);
});

const starting: RolloverFacts = {
  state: { phase: 'Stable', seq: 1, reverts: 0 },
  current: { fingerprint: 'leaf-1' },
  next: undefined,
  hasPrevious: false,
  published: { asWanted: true, altered: false, unchangedForMs: 0, touch: undefined },
  replicas: [{ name: 'a', live: true, seq: 1, served: undefined, servedForMs: 0, trustsPublished: true }],
  refusals: 0,
  lastRefusalAgoMs: 0,
  firstRefusalAgoMs: 0,
  inPhaseForMs: 0,
};
const rolling = (more: Partial<RolloverFacts>): Partial<Facts> => ({
  rollover: { facts: { ...starting, ...more }, timing: ROLLOVER_TIMING },
});
const starts: [name: string, facts: Partial<Facts>, waitsFor: string | undefined][] = [
  ['all is there', {}, undefined],
  ['there is no certificate', { identity: undefined }, 'Certificate'],
  ['this replica serves none', { served: undefined }, 'Certificate'],
  ['this replica serves another one', { served: 'leaf-3' }, 'Certificate'],
  ['this replica serves neither this nor the next one', { served: 'leaf-3', next }, 'Certificate'],
  ['this replica serves the next one', { served: 'leaf-2', next }, undefined],
  ['no template was accepted', { template: { wanted: 'r2', accepted: [] } }, 'Template'],
  ['another replica does not serve', rolling({}), 'Replicas'],
  ['every replica serves', rolling({ replicas: [] }), undefined],
  [
    'in the middle of a rollover nobody starts',
    rolling({ state: { phase: 'Promoted', seq: 1, reverts: 0 } }),
    undefined,
  ],
];
for (const [name, facts, waitsFor] of starts) {
  test(`the first call waits for what it needs: ${name}`, () =>
    assert.equal(waitingFor({ ...served, ...facts }), waitsFor));
}

test('where there is nothing to roll, no step is taken', () => {
  assert.equal(rolloverStep({ rollover: undefined }).step, 'None');
});
