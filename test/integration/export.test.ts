/** An exported policy, evaluated here as the API server would: test/e2e/export.test.ts does it on a real one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { parse, parseAllDocuments } from 'yaml';
import type { JsonObject, LabelSelector, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { policyOf } from '../../src/cli/export/policy.ts';
import { WORDS } from '../../src/cli/export/conditions.ts';
import { admit } from '../../src/cli/inject/admission.ts';
import { applyOperations } from '../../src/domain/apply.ts';
import { parseBoolean } from '../../src/domain/annotation.ts';
import { inject } from '../../src/domain/inject.ts';
import { mapAt, objectsAt } from '../../src/domain/json.ts';
import { selectorMatches } from '../../src/domain/selector.ts';
import { compile } from '../cluster/cel/index.ts';
import { injector } from '../testdata/samples.ts';

interface Policy {
  spec: {
    matchConstraints: { objectSelector: LabelSelector };
    matchConditions: { name: string; expression: string }[];
    mutations: { jsonPatch: { expression: string } }[];
  };
}

const read = (file: string): string => readFileSync(new URL(`../testdata/cli/${file}`, import.meta.url), 'utf8');
const full = parse(read('full-injector.yaml')) as SidecarInjector;
const pods = parseAllDocuments(read('pods.yaml')).map((document) => document.toJS() as JsonObject);
const policyFor = (injector: SidecarInjector): Policy => policyOf(injector, 'system').objects[0] as unknown as Policy;

/** The package of CEL here knows neither JSONPatch{...} nor lists.range(). */
function readable(expression: string, object: JsonObject): string {
  const indexes = (field: string): string => `[${[...objectsAt(object, ['spec', field]).keys()].join()}]`;
  return expression
    .replaceAll('JSONPatch{op:', '{"op":')
    .replaceAll(', path: ', ', "path": ')
    .replaceAll(', value: ', ', "value": ')
    .replaceAll('lists.range(size(object.spec.containers))', indexes('containers'))
    .replaceAll(/lists\.range\(size\(\(has\(object\.spec\.hostAliases\)[^)]*\)\)\)/g, indexes('hostAliases'));
}

/** JSON of what CEL gives, whose integers are bigint. */
const asJson = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)));

function evaluated({ spec }: Policy, pod: JsonObject): JsonObject {
  const labels = mapAt(pod, ['metadata', 'labels']) as Record<string, string>;
  if (!selectorMatches(spec.matchConstraints.objectSelector, labels)) return pod;
  const holds = spec.matchConditions.every(({ expression }) =>
    compile(expression, { object: 'dyn' }).evaluate({ object: pod }),
  );
  if (!holds) return pod;
  return spec.mutations.reduce((object, { jsonPatch: { expression } }) => {
    const text = readable(expression, object);
    const operations = asJson(compile(text, { object: 'dyn' }).evaluate({ object })) as jsonPatch.Operation[];
    return jsonPatch.applyPatch(structuredClone(object), operations, true).newDocument;
  }, pod);
}

describe('an exported policy', () => {
  for (const pod of pods) {
    const { name } = pod['metadata'] as { name: string };
    it(`does to the pod ${name} what the webhook does`, () => {
      const labelsOf = (): Record<string, string> => ({ 'sidecar-export': 'full' });
      const surroundings = { injectors: [full], labelsOf, assumeSelected: false, context: {} };
      const expected = applyOperations(pod, admit(pod, 'shop', surroundings).operations);
      const once = evaluated(policyFor(full), pod);
      assert.deepEqual(once, expected);
      assert.deepEqual(evaluated(policyFor(full), once), once);
    });
  }

  it('places containers as position says', () => {
    const template = { containers: [{ name: 'a', image: 'a' }], initContainers: [{ name: 'b', image: 'b' }] };
    const pod = { metadata: {}, spec: { containers: [{ name: 'x' }], initContainers: [{ name: 'y' }] } };
    for (const position of ['First', 'Last'] as const) {
      for (const sidecarMode of ['Container', 'Native'] as const) {
        const placed = injector({
          template,
          injection: { position, sidecarMode },
          selection: { namespaceSelector: {}, policy: 'OptOut' },
        });
        assert.deepEqual(evaluated(policyFor(placed), pod), inject(pod, placed).pod, `${position} ${sidecarMode}`);
      }
    }
  });

  it('reads the annotation with the words of the webhook', () => {
    for (const [key, { exact, anyCase }] of Object.entries(WORDS)) {
      for (const word of [...exact, ...anyCase, ...anyCase.map((text) => text.toUpperCase())]) {
        assert.equal(parseBoolean(word), key === 'true', word);
      }
    }
    const all = Object.values(WORDS).flatMap(({ exact, anyCase }) => [...exact, ...anyCase]);
    const others = ['y', 'n', 'Y', 'tRUE', 'fALSE', '', '2', 'true ', 'enabled'];
    assert.deepEqual(
      others.filter((word) => parseBoolean(word) !== undefined || all.some((known) => known === word)),
      [],
    );
  });

  it('has no binding unless the injector is in force', () => {
    const kinds = (mode: 'Enforce' | 'Audit' | 'Paused'): unknown[] =>
      policyOf(injector({ mode }), 'system').objects.map(({ kind }) => kind);
    assert.deepEqual(kinds('Enforce'), ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding']);
    assert.deepEqual(kinds('Audit'), ['MutatingAdmissionPolicy']);
    assert.deepEqual(kinds('Paused'), ['MutatingAdmissionPolicy']);
  });

  it('says what it cannot do', () => {
    const limits = policyOf(
      injector({
        mode: 'Audit',
        injection: { position: 'Before', anchor: 'app', onConflict: 'Reject' },
        overrides: [{ annotation: 'a/b', path: '/containers/[name=x]/image', type: 'string' }],
      }),
      'system',
    ).differences.join('\n');
    for (const word of ['Audit', 'Reject', 'Before', 'overrides']) assert.match(limits, new RegExp(word));
  });
});
