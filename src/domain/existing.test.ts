import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchor, injector, oldAnchor, operator } from '../../test/support/injector-facts.ts';
import type { JsonObject, SidecarInjector } from '../api/v1alpha1/types.ts';
import {
  configurationDrift,
  configurationNameOf,
  existingOf,
  injectorsWith,
  leading,
  leadsTo,
  wantedConfiguration,
} from './existing.ts';
import { desiredWebhookConfiguration } from './plan-objects.ts';

const OWN = 'sidecar-injector-nginx';
const using = (existingConfiguration: string): SidecarInjector => ({
  ...injector,
  spec: { ...injector.spec, webhook: { existingConfiguration } },
});
const theirs = using('of-a-chart');
const encoded = (pem: string): string => Buffer.from(pem).toString('base64');
const service = { namespace: 'operators', name: OWN };
const webhook = (name: string, caBundle?: string): JsonObject => ({ name, clientConfig: { service, caBundle } });
const foreign: JsonObject = {
  name: 'foreign',
  clientConfig: { service: { ...service, name: 'other' }, caBundle: encoded('of others') },
};
const holding = (...webhooks: JsonObject[]): JsonObject => ({ webhooks });

const NAMES: [existing: string, name: string | undefined][] = [
  ['', undefined],
  [OWN, undefined],
  ['of-a-chart', 'of-a-chart'],
];
for (const [existing, name] of NAMES) {
  test(`with existingConfiguration "${existing}" the configuration is ${name ?? "the operator's"}`, () => {
    assert.equal(existingOf(using(existing)), name);
    assert.equal(configurationNameOf(using(existing)), name ?? OWN);
  });
}

const outside = { ...operator, webhookUrl: 'https://host:1' };
const LEADS: [what: string, clientConfig: unknown, facts: typeof operator, leads: boolean][] = [
  ["the injector's Service", { service }, operator, true],
  ["another injector's Service", { service: { ...service, name: 'other' } }, operator, false],
  ['a Service of that name elsewhere', { service: { ...service, namespace: 'apps' } }, operator, false],
  ['nowhere', {}, operator, false],
  ["the injector's URL", { url: 'https://host:1/mutate/nginx' }, outside, true],
  ['another URL', { url: 'https://host:1/mutate/other' }, outside, false],
  ['a URL, where the operator has none', { url: 'https://host:1/mutate/nginx' }, operator, false],
  ["the injector's Service, where the operator has a URL besides", { service }, outside, true],
];
for (const [what, clientConfig, facts, leads] of LEADS) {
  test(`a webhook that calls ${what} ${leads ? 'leads' : 'does not lead'} to the injector`, () => {
    assert.equal(leadsTo({ clientConfig }, 'nginx', facts), leads);
  });
}

test('of a configuration only those webhooks count that lead to the injector', () => {
  assert.deepEqual(leading(holding(webhook('a'), foreign, webhook('b')), 'nginx', operator), [
    webhook('a'),
    webhook('b'),
  ]);
  assert.deepEqual(leading(undefined, 'nginx', operator), []);
});

test('in a configuration of somebody else nothing is wanted but the caBundle of what leads to the injector', () => {
  const stored = holding({ ...webhook('a', encoded('x')), failurePolicy: 'Fail' }, foreign);
  assert.deepEqual(wantedConfiguration(theirs, operator, stored, anchor.pem), {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'of-a-chart', annotations: {} },
    webhooks: [{ name: 'a', clientConfig: { caBundle: encoded(anchor.pem) } }],
  });
});

test('a configuration of somebody else that is missing or does not lead to the injector is left alone', () => {
  for (const stored of [undefined, {}, holding(foreign)]) {
    assert.equal(wantedConfiguration(theirs, operator, stored, anchor.pem), undefined);
  }
});

test("the operator's own configuration is wanted whatever is stored", () => {
  const whole = desiredWebhookConfiguration(injector, operator, anchor.pem);
  for (const stored of [undefined, holding(foreign)]) {
    assert.deepEqual(wantedConfiguration(injector, operator, stored, anchor.pem), whole);
  }
});

const altered = { kind: 'Altered', path: 'webhooks[a].clientConfig.caBundle' };
const DRIFTS: [what: string, bundles: [a: string | undefined, b: string | undefined], drift: unknown][] = [
  ['the anchors in force', [anchor.pem, anchor.pem], undefined],
  ['an older anchor', [oldAnchor.pem, oldAnchor.pem], { kind: 'Outdated' }],
  ['more anchors of ours', [oldAnchor.pem + anchor.pem, anchor.pem], { kind: 'Outdated' }],
  ['an anchor of somebody else', ['garbage', 'garbage'], altered],
  ['an anchor of somebody else beside ours', [anchor.pem + 'garbage', anchor.pem], altered],
  ['an anchor of somebody else in one webhook, an older one in the other', ['garbage', oldAnchor.pem], altered],
  ['an empty bundle', ['', anchor.pem], altered],
  ['no bundle', [undefined, anchor.pem], altered],
];
for (const [what, [a, b], drift] of DRIFTS) {
  test(`a configuration of somebody else with ${what}: ${JSON.stringify(drift) ?? 'as wanted'}`, () => {
    const bundle = (pem: string | undefined): string | undefined => (pem === undefined ? pem : encoded(pem));
    const stored = holding(foreign, webhook('a', bundle(a)), webhook('b', bundle(b)));
    const wanted = wantedConfiguration(theirs, operator, stored, anchor.pem);
    assert.ok(wanted !== undefined);
    assert.deepEqual(configurationDrift(wanted, stored, [anchor, oldAnchor]), drift);
  });
}

test("the operator's own configuration is judged by the digest of what was applied", () => {
  const wanted = desiredWebhookConfiguration(injector, operator, anchor.pem);
  const before = desiredWebhookConfiguration(injector, operator, oldAnchor.pem);
  assert.deepEqual(configurationDrift(wanted, undefined, []), { kind: 'Missing' });
  assert.deepEqual(configurationDrift(wanted, before, []), { kind: 'Outdated' });
  assert.equal(configurationDrift(wanted, wanted, []), undefined);
});

test('the injectors of a configuration are those that name it', () => {
  const other = using('another');
  assert.deepEqual(injectorsWith([injector, theirs, other], 'of-a-chart'), [theirs]);
  assert.deepEqual(injectorsWith([injector, theirs], OWN), [], 'what the operator made is not of somebody else');
});
