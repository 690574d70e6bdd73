import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { desiredWebhookConfiguration } from '../../domain/plan-objects.ts';
import type { SidecarInjector } from '../../api/v1alpha1/types.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration } from '../../kube/objects.ts';
import type { Facts } from './facts.ts';
import { explain, type InjectorExplanation, type Subject } from './judge.ts';

const injector: SidecarInjector = {
  apiVersion: 'sidecarinjector.dev/v1alpha1',
  kind: 'SidecarInjector',
  metadata: { name: 'nginx', uid: 'u', creationTimestamp: '2026-01-02T00:00:00Z' },
  spec: {
    selection: { namespaceSelector: { matchLabels: { inject: 'yes' } }, policy: 'OptOut' },
    template: { containers: [{ name: 'side', image: 'i' }] },
  },
  status: {
    template: { revision: 'aaaaaaaaaaaa' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime: '' }],
  },
};
const operatorNamespace = 'operators';
const configuration = (change: (webhook: MutatingWebhook) => void = () => {}): MutatingWebhookConfiguration => {
  const made = desiredWebhookConfiguration(injector, { namespace: operatorNamespace, webhookPort: 1 }, 'PEM');
  const copy = structuredClone(made) as unknown as MutatingWebhookConfiguration;
  const [webhook] = copy.webhooks ?? [];
  assert.ok(webhook);
  change(webhook);
  return copy;
};
const facts = (change: Partial<Facts> = {}): Facts => ({
  injectors: [injector],
  namespaces: new Map([['shop', { inject: 'yes' }]]),
  configurations: [configuration()],
  nativeSidecars: undefined,
  operatorNamespace,
  notes: [],
  ...change,
});
const pod = { metadata: {}, spec: { containers: [{ name: 'app', image: 'a' }] } };
const subject: Subject = { title: 'Pod shop/web', namespace: 'shop', pod, podTitle: '' };
const told = (given: Facts, about: Subject = subject): InjectorExplanation => {
  const [first] = explain(about, given).injectors;
  assert.ok(first);
  return first;
};

describe('what the API server asks', () => {
  const CASES: Record<string, { configurations: MutatingWebhookConfiguration[]; says: RegExp }> = {
    'nothing, without the configuration': { configurations: [], says: /sidecar-injector-nginx does not exist/ },
    'nobody, without a caBundle': {
      configurations: [configuration((webhook) => (webhook.clientConfig.caBundle = ''))],
      says: /has no caBundle/,
    },
    'somebody else': {
      configurations: [configuration((webhook) => (webhook.clientConfig.service = { namespace: 'x', name: 'y' }))],
      says: /no webhook of .* leads to the operator/,
    },
    'about other namespaces': {
      configurations: [configuration((webhook) => (webhook.namespaceSelector = { matchLabels: { inject: 'no' } }))],
      says: /its namespaceSelector does not match inject=no, other than/,
    },
    'about other pods': {
      configurations: [configuration((webhook) => (webhook.objectSelector = { matchLabels: { a: 'b' } }))],
      says: /its objectSelector does not match a=b/,
    },
  };
  for (const [what, { configurations, says }] of Object.entries(CASES)) {
    it(what, () => {
      const { action, reason, message, checks, advice } = told(facts({ configurations }));
      assert.deepEqual([action, reason], ['NotCalled', 'webhook_not_called']);
      assert.match(message, says);
      assert.deepEqual([checks[0]?.check, checks[0]?.passed], ['webhook', false]);
      assert.ok(advice.some(({ command }) => command === 'kubectl sidecar-injector doctor'));
    });
  }

  it('about this pod, as the operator made it, or as nobody may look', () => {
    assert.equal(told(facts()).reason, 'injected');
    const unknown = told(facts({ configurations: undefined }));
    assert.deepEqual([unknown.reason, unknown.checks[0]?.check], ['injected', 'creation']);
  });

  it('does not hide a reason of the pod itself', () => {
    const refusing = { ...pod, metadata: { annotations: { 'inject.sidecarinjector.dev/nginx': 'no' } } };
    assert.equal(told(facts({ configurations: [] }), { ...subject, pod: refusing }).reason, 'pod_not_need');
  });
});

describe('a pod that runs', () => {
  const live = (metadata: object): Subject => ({ ...subject, livePod: { ...pod, metadata } });

  it('is told from its label and its age', () => {
    const label = 'injected.sidecarinjector.dev/nginx';
    assert.equal(told(facts(), live({ labels: { [label]: 'aaaaaaaaaaaa' } })).found?.state, 'injected');
    assert.equal(told(facts(), live({ labels: { [label]: 'bbbbbbbbbbbb' } })).found?.state, 'outdated');
    const old = told(facts(), live({ creationTimestamp: '2026-01-01T00:00:00Z' }));
    assert.equal(old.found?.message, 'has no sidecar of it: it was created before the SidecarInjector');
    const young = told(facts(), live({ creationTimestamp: '2026-01-03T00:00:00Z' }));
    assert.equal(young.found?.message, 'has no sidecar of it');
  });

  it('is to be replaced only where the next one gets more', () => {
    const maker = { kind: 'Deployment', name: 'web', object: {}, restartable: true };
    const restart = ({ advice }: InjectorExplanation): boolean =>
      advice.some(({ command }) => command === 'kubectl rollout restart deployment/web -n shop');
    assert.ok(restart(told(facts(), { ...live({}), maker })));
    const elsewhere = facts({ namespaces: new Map([['shop', {}]]) });
    assert.ok(!restart(told(elsewhere, { ...live({}), maker })));
  });
});
