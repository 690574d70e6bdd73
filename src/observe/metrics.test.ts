import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { REASONS } from '../domain/reasons.ts';
import { Metrics, metricNames } from './metrics.ts';

const page = async (metrics: Metrics): Promise<string> => (await metrics.text()).body;
const series = async (metrics: Metrics, pattern: RegExp): Promise<string[]> =>
  (await page(metrics)).split('\n').filter((line) => pattern.test(line) && !line.startsWith('#'));

describe('the metrics', () => {
  it("follow Prometheus' conventions for names", () => {
    for (const { name, kind, help, labels } of metricNames()) {
      assert.match(name, /^sidecar_injector_[a-z_]+$/);
      assert.equal(name.endsWith('_total'), kind === 'counter', name);
      if (kind === 'histogram') assert.match(name, /_seconds$/);
      assert.match(help, /\.$/, name);
      for (const label of labels) assert.match(label, /^[a-z_]+$/);
    }
  });

  it('of an injector stand at zero for every reason, before the first decision', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startInjector('nginx');
    const lines = await series(metrics, /admission_decisions_total\{injector="nginx"/);
    assert.equal(lines.length, Object.keys(REASONS).length * 2);
    assert.ok(lines.every((line) => line.endsWith(' 0')));
    assert.deepEqual(await series(metrics, /admission_duration_seconds_count/), [
      'sidecar_injector_admission_duration_seconds_count{injector="nginx"} 0',
    ]);
  });

  it('have every set at zero from the start', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startInjector('nginx');
    metrics.startCache('pods');
    metrics.startController('injector');
    const lines = await series(metrics, /./);
    for (const { name, labels } of metricNames()) {
      // Which methods and resources are called shows only as they come; the first event of a watch is no zero.
      if (labels.includes('method') || name.endsWith('last_event_timestamp_seconds')) continue;
      assert.ok(
        lines.some((line) => line.startsWith(name)),
        `${name} is not there`,
      );
    }
    const nonZero = lines.filter((line) => !line.endsWith(' 0') && !line.includes('build_info'));
    assert.deepEqual(nonZero, []);
  });

  it('keep what was counted when the injector is started again', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startInjector('nginx');
    metrics.admission.decided({
      injector: 'nginx',
      action: 'Inject',
      reason: 'injected',
      dryRun: false,
      seconds: 0.002,
    });
    metrics.set('injector_ready', { injector: 'nginx' }, 1);
    metrics.startInjector('nginx');
    const pattern = /decision="Inject",reason="injected",dry_run="false"|injector_ready|duration_seconds_count/;
    for (const line of await series(metrics, pattern)) assert.match(line, / 1$/);
  });

  it('keep what was counted when a controller is started for another term', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startController('injector');
    metrics.controller.reconciled('injector', 'success', 0.1);
    metrics.queue.waited('injector', 0.1);
    metrics.startController('injector');
    for (const line of await series(metrics, /reconcile_duration_seconds_count|queue_wait_seconds_count/))
      assert.match(line, / 1$/);
  });

  it('of an injector that is gone are gone, those of others stay', async () => {
    const metrics = new Metrics({ defaults: false });
    for (const name of ['nginx', 'other']) {
      metrics.startInjector(name);
      metrics.set('certificate_expiry_timestamp_seconds', { injector: name }, 1);
      metrics.admission.decided({ injector: name, action: 'Inject', reason: 'injected', dryRun: false, seconds: 1 });
    }
    const before = (await series(metrics, /injector="other"/)).length;
    await metrics.forgetInjector('nginx');
    assert.deepEqual(await series(metrics, /injector="nginx"/), []);
    assert.equal((await series(metrics, /injector="other"/)).length, before);
  });

  it('take no name from outside as a label', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startInjector('nginx');
    metrics.admission.handshakeFailed({ servername: 'sidecar-injector-nginx.ns.svc', untrusted: true });
    metrics.admission.handshakeFailed({ servername: 'attacker-17.example', untrusted: false });
    metrics.admission.handshakeFailed({ servername: '', untrusted: false });
    assert.deepEqual((await series(metrics, /tls_client_errors_total.* [1-9]/)).sort(), [
      'sidecar_injector_tls_client_errors_total{injector="nginx",reason="untrusted"} 1',
      'sidecar_injector_tls_client_errors_total{injector="unknown",reason="other"} 2',
    ]);
  });

  it('of caches and controllers stand at zero from the start', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.startCache('pods');
    metrics.startController('injector');
    const lines = await series(metrics, /resource="pods"|queue="injector"|controller="injector"/);
    assert.ok(lines.length > 15);
    for (const line of lines) assert.match(line, / 0$/);
  });

  it('show the failures of a call at zero with its first success', async () => {
    const metrics = new Metrics({ defaults: false });
    metrics.client.apiCall({ method: 'GET', resource: 'pods', code: '200', seconds: 0.01 });
    assert.deepEqual((await series(metrics, /api_requests_total/)).sort(), [
      'sidecar_injector_api_requests_total{method="GET",resource="pods",code="200"} 1',
      'sidecar_injector_api_requests_total{method="GET",resource="pods",code="error"} 0',
      'sidecar_injector_api_requests_total{method="GET",resource="pods",code="timeout"} 0',
    ]);
  });

  it('of two instances do not meet', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    one.leader.leading(true);
    assert.deepEqual(await series(other, /sidecar_injector_leader/), ['sidecar_injector_leader 0']);
  });
});
