/** Single checks, on facts that no test cluster can be brought to: all error texts, clocks, nodes, replicas, rights. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHECKS } from '../../src/cli/doctor/catalogue.ts';
import { CATEGORIES, examine } from '../../src/cli/doctor/check.ts';
import { skewOf } from '../../src/cli/doctor/checks/cluster.ts';
import { readBundle } from '../../src/cli/doctor/material.ts';
import { WEBHOOK_ERRORS } from '../../src/domain/webhook-errors.ts';
import { ERROR_TEXTS } from '../support/webhook-errors.ts';
import { factsWith, found, injector, namespace, NAMESPACE, object } from './facts.ts';

const LABELS = { 'app.kubernetes.io/name': 'sidecar-injector', 'app.kubernetes.io/component': 'operator' };

describe('the catalogue', () => {
  it('has an id for each check, each once, and in a known category', () => {
    const ids = CHECKS.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(CHECKS.every(({ id, category }) => /^SI\d{3}$/.test(id) && CATEGORIES.includes(category)));
  });

  it('rests on checks that come before', () => {
    for (const { id, after = [] } of CHECKS) for (const other of after) assert.ok(other < id, `${id} after ${other}`);
  });
});

describe('every error text of an API server', () => {
  for (const [text, id] of ERROR_TEXTS) {
    it(`${id}: ${text.slice(-60)}`, () => {
      const refused = { injector: 'nginx', namespace: 'shop', outcome: 'refused', message: text } as const;
      const [problem] = found('SI062', factsWith({}, { probes: [refused] }));
      const { cause = '' } = WEBHOOK_ERRORS.find((each) => each.id === id) ?? {};
      const expected = { OtherWebhook: 'another webhook', PodSecurity: 'pod security standard' }[id] ?? cause;
      assert.ok(problem?.message.includes(expected), problem?.message);
      assert.equal(problem?.evidence, text);
      assert.notEqual(problem?.fix, '');
    });
  }
});

describe('what cannot be read', () => {
  it('is told, and only what needs it is skipped', () => {
    const secrets = { items: [], hidden: 'you may not list secrets' };
    const results = new Map(examine(CHECKS, factsWith({ secrets })).map((result) => [result.id, result]));
    assert.equal(results.get('SI004')?.state, 'warn');
    const skipped = results.get('SI031');
    assert.equal(skipped?.state === 'skip' && skipped.reason, 'cannot read secrets: you may not list secrets');
    assert.equal(results.get('SI050')?.state, 'ok');
  });

  it('an API server that does not answer fails one check, and all others say that they mean nothing', () => {
    const facts = factsWith();
    const [first, ...others] = examine(CHECKS, { ...facts, server: { url: '', error: 'connection refused' } });
    assert.equal(first?.state, 'fail');
    const tried = others.filter(({ state }) => state !== 'skip').map(({ id }) => id);
    assert.ok(!tried.includes('SI002') && !tried.includes('SI012'), tried.join());
  });
});

describe('single causes', () => {
  it('an old version of Kubernetes', () => {
    const server = { url: '', version: 'v1.29.4-gke.1' };
    assert.match(found('SI002', factsWith({}, { server }))[0]?.message ?? '', /v1.29.4/);
  });

  it("the operator's clock is ahead of the API server's", () => {
    const now = new Date('2026-01-01T00:00:00Z');
    const server = { url: '', version: 'v1.36.0', clock: { time: now, tookMs: 5 } };
    const lease = object('Lease', 'sidecar-injector', { spec: { renewTime: '2026-01-01T00:05:00.000000Z' } });
    const [problem] = found('SI003', factsWith({ leases: { items: [lease] } }, { now, server }));
    assert.match(problem?.message ?? '', /ahead of that of the API server by 299 s/);
  });

  it('whole seconds are no skew', () => {
    const time = new Date('2026-01-01T00:00:10Z');
    assert.equal(skewOf(new Date('2026-01-01T00:00:10.900Z'), { time, tookMs: 10 }), 0);
    assert.equal(skewOf(new Date('2026-01-01T00:01:11Z'), { time, tookMs: 0 }), -60_000);
  });

  it('a Deployment that is scaled to zero, and one that is short of replicas', () => {
    const deployment = (replicas: number, readyReplicas: number): never =>
      object('Deployment', 'sidecar-injector', {
        spec: { replicas, template: { metadata: { labels: LABELS } } },
        status: { readyReplicas },
      });
    const message = (replicas: number, ready: number): string =>
      found('SI012', factsWith({ deployments: { items: [deployment(replicas, ready)] } }))[0]?.message ?? '';
    assert.match(message(0, 0), /scaled to 0/);
    assert.match(message(2, 1), /1 of 2 replicas are ready/);
    assert.match(
      found('SI014', factsWith({ deployments: { items: [deployment(1, 1)] } }))[0]?.message ?? '',
      /one replica/,
    );
  });

  it('a pod that no node takes', () => {
    const conditions = [
      { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: Insufficient cpu.' },
    ];
    const pod = object('Pod', 'operator-0', { spec: {}, status: { phase: 'Pending', conditions } }, { labels: LABELS });
    const [problem] = found('SI013', factsWith({ operatorPods: { items: [pod] } }));
    assert.match(problem?.message ?? '', /no node takes it: 0\/3 nodes/);
  });

  it('the last line of a log names the architecture, or the code of an error', () => {
    const status = {
      phase: 'Running',
      containerStatuses: [
        { name: 'operator', image: 'i', ready: false, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    };
    const pod = object('Pod', 'operator-0', { spec: { nodeName: 'n' }, status }, { labels: LABELS });
    const message = (log: string): string =>
      found('SI013', factsWith({ operatorPods: { items: [pod] } }, { logs: new Map([['operator-0', log]]) }))[0]
        ?.message ?? '';
    assert.match(message('exec /nodejs/bin/node: exec format error'), /not made for the architecture of the node/);
    assert.match(message('{"code":"SI1003"}'), /SI1003/);
  });

  it('a leader that was not heard of for long', () => {
    const spec = { holderIdentity: 'operator-0', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' };
    const leases = { items: [object('Lease', 'sidecar-injector', { spec })] };
    assert.match(found('SI015', factsWith({ leases }))[0]?.message ?? '', /operator-0 was last heard of \d+ s ago/);
  });

  it('a NetworkPolicy with a rule for the webhook port is none that blocks', () => {
    const policy = (ingress: object[]): never =>
      object('NetworkPolicy', 'p', { spec: { podSelector: {}, policyTypes: ['Ingress'], ingress } });
    const problems = (ingress: object[]): number =>
      found('SI022', factsWith({ networkPolicies: { items: [policy(ingress)] } })).length;
    assert.equal(problems([{ ports: [{ port: 10_250 }] }]), 0);
    assert.equal(problems([{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }]), 0);
    assert.equal(problems([{ ports: [{ port: 8080 }] }]), 1);
    assert.equal(problems([{ from: [{ podSelector: {} }] }]), 1, 'the API server is no pod');
  });

  it('two injectors with containers of one name in one namespace', () => {
    const template = { containers: [{ name: 'proxy', image: 'i' }] };
    const both = [injector('nginx', { template }), injector('other', { template })];
    const items = both.map((each) => ({
      ...each,
      spec: { ...each.spec, selection: { namespaceSelector: { matchLabels: { a: 'b' } } } },
    }));
    const lists = {
      injectors: { items },
      everyInjector: { items },
      namespaces: { items: [namespace(NAMESPACE), namespace('sidecar-injector-probe'), namespace('shop', { a: 'b' })] },
    };
    assert.match(found('SI047', factsWith(lists))[0]?.message ?? '', /nginx and other both add a container proxy/);
  });

  it("a label that another injector asks for is no slip of this one's", () => {
    const items = [injector('road-1'), injector('road-2')];
    const namespaces = [NAMESPACE, 'sidecar-injector-probe'].map((name) => namespace(name));
    const all = { items: [...namespaces, namespace('a', { inject: 'road-1' }), namespace('b', { inject: 'road-2' })] };
    const lists = { injectors: { items }, everyInjector: { items }, namespaces: all };
    assert.deepEqual(found('SI051', factsWith(lists)), []);
  });
});

describe('readBundle', () => {
  const bundle = (text: string): unknown => {
    const read = readBundle(Buffer.from(text).toString('base64'));
    return read.state === 'bad' ? read.why : read.state;
  };
  it('says what was done to it', () => {
    assert.match(String(bundle('garbage')), /not PEM/);
    assert.match(String(bundle('-----BEGIN PRIVATE KEY-----')), /private key/);
    assert.match(String(bundle('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')), /cannot be read/);
    assert.equal(readBundle('').state, 'bad');
  });
});
