import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injector, pod, requestFor } from '../../test/testdata/samples.ts';
import { type DecisionContext, decide, type NamespaceFacts, type TraceStep } from './decide.ts';
import { probePod } from './render.ts';
import type { AdmissionRequest } from './request.ts';
import { traceOf } from './trace.ts';

const context: DecisionContext = { excludedNamespaces: ['operator'] };
const selected: NamespaceFacts = { labels: { 'nginx-sidecar-injection': 'enabled' } };

function traced(request: AdmissionRequest, namespace: NamespaceFacts, by = injector()): TraceStep[] {
  return traceOf(decide(request, by, namespace, context), request, by, namespace, context);
}

const failed = (trace: readonly TraceStep[]): string[] =>
  trace.filter(({ passed }) => !passed).map(({ check }) => check);

test('all that stands in the way is told, not only the first objection', () => {
  const request = requestFor(pod({ hostNetwork: true }, { annotations: {} }), 'operator');
  const trace = traced(request, { labels: {} }, injector({ mode: 'Paused' }));
  const objections = ['mode', 'namespaceAllowed', 'namespaceSelector', 'hostNetwork', 'annotation'];
  assert.deepEqual(failed(trace), objections);
  for (const { check, detail } of trace) assert.notEqual(detail, '', check);
});

test('where nothing stands in the way the trace is that of the decision, each check once', () => {
  const request = requestFor(pod());
  const trace = traced(request, selected);
  assert.deepEqual(trace, decide(request, injector(), selected, context).trace);
  assert.deepEqual(failed(trace), []);
  assert.equal(trace.at(-1)?.check, 'injection');
});

test('a conflict is told after the checks that passed', () => {
  const taken = requestFor(pod({ containers: [{ name: 'sidecar-nginx', image: 'other' }] }));
  assert.deepEqual(failed(traced(taken, selected)), ['injection']);
});

test('a probe pod passes whatever the selection says', () => {
  const request = requestFor(probePod('nginx'), 'sidecar-injector-probe');
  assert.deepEqual(failed(traced(request, { labels: {} })), []);
});
