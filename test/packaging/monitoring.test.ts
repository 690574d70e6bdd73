/** Alerts and dashboard speak of metrics that exist; the alerts fire when they should, as Prometheus' own tool says. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { metricNames } from '../../src/observe/metrics.ts';
import { runBinary } from '../e2e/support/layer.ts';
import { loadManifests, REPOSITORY } from '../e2e/support/manifests.ts';

const FOLDER = 'config/components/monitoring';
/** Where .ci/run puts it, or the machine's own. */
const PROMTOOL = [process.env['PROMTOOL'] ?? '', '/usr/bin/promtool', '/usr/local/bin/promtool'].find(existsSync);

interface Rule {
  alert: string;
  expr: string;
  annotations: { summary: string; description: string };
  labels: { severity: string };
}
interface Panel {
  title: string;
  targets?: { expr: string }[];
}

const groups = loadManifests(`${FOLDER}/rules.yaml`).flatMap(
  (object) => (object as unknown as { spec: { groups: { rules: Rule[] }[] } }).spec.groups,
);
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(path.join(REPOSITORY, FOLDER, 'dashboard.json'), 'utf8')) as {
  panels: Panel[];
};

/** Metrics that are not the operator's: of the API server (admission/metrics/metrics.go), of Node and of the process. */
const FOREIGN = [
  'apiserver_admission_webhook_fail_open_count',
  'apiserver_admission_webhook_rejection_count',
  'apiserver_admission_webhook_admission_duration_seconds_bucket',
  'process_resident_memory_bytes',
  'nodejs_eventloop_lag_p99_seconds',
];

/** Every series name that a metric makes, with its labels. */
const SERIES = new Map(
  metricNames().flatMap(({ name, kind, labels }) =>
    kind === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((suffix): [string, string[]] => [name + suffix, [...labels, 'le']])
      : [[name, [...labels]] as [string, string[]]],
  ),
);
/** What Prometheus adds when it scrapes. */
const SCRAPED = ['pod', 'namespace', 'job', 'instance'];

/** What is wrong with an expression's metrics and the labels that it selects by. */
const problemsOf = (expression: string): string[] => {
  const found = [...expression.matchAll(/\b([a-z]+_[a-z0-9_]+[a-z])\b(?:\{([^}]*)\})?/g)].filter(([, name = '']) =>
    /^(sidecar_injector|apiserver|process|nodejs)_/.test(name),
  );
  if (found.length === 0) return [`no metric in ${expression}`];
  return found.flatMap(([, name = '', selector = '']) => {
    if (FOREIGN.includes(name)) return [];
    const labels = SERIES.get(name);
    if (labels === undefined) return [`there is no metric ${name}`];
    const used = [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return used.filter((label) => ![...labels, ...SCRAPED].includes(label)).map((label) => `${name} has no ${label}`);
  });
};

test('alerts speak of metrics that exist, and tell people what to do', () => {
  assert.ok(rules.length > 10);
  for (const { alert, expr, annotations, labels } of rules) {
    assert.deepEqual(problemsOf(expr), [], alert);
    assert.match(alert, /^SidecarInjector[A-Z]/);
    assert.match(labels.severity, /^(critical|warning)$/);
    assert.ok(annotations.summary.length > 0 && annotations.description.length > 20, alert);
  }
});

test('each query of the dashboard is about metrics that exist', () => {
  const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  assert.ok(queries.length > 15);
  for (const { title, expr } of queries) assert.deepEqual(problemsOf(expr), [], title);
});

test('a metric or a label that does not exist is found', () => {
  assert.deepEqual(problemsOf('rate(sidecar_injector_nothing_total[5m])'), [
    'there is no metric sidecar_injector_nothing_total',
  ]);
  assert.deepEqual(problemsOf('sidecar_injector_pods{wrong="x"}'), ['sidecar_injector_pods has no wrong']);
});

test(
  'promtool: the alerts fire when they should, and only then',
  { skip: PROMTOOL === undefined && 'there is no promtool: install the package prometheus, or set PROMTOOL' },
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'alerts-'));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'rules.yaml'), stringify({ groups }));
    const tests = path.join(folder, 'rules_test.yaml');
    copyFileSync(path.join(import.meta.dirname, 'alerts/rules_test.yaml'), tests);
    const { code, stdout, stderr } = await runBinary(PROMTOOL ?? '', ['test', 'rules', tests]);
    assert.equal(code, 0, stdout + stderr);
    const text = readFileSync(tests, 'utf8');
    for (const { alert } of rules) assert.ok(text.includes(`alertname="${alert}"`), `${alert} is never seen to fire`);
  },
);
