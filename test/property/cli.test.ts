/** The offline renderer does to a manifest what the webhook does to a pod, and writes what it decided. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import jsonPatch from 'fast-json-patch';
import { stringify } from 'yaml';
import type { JsonObject, SidecarInjector } from '../../src/api/v1alpha1/types.ts';
import { manifestsOf } from '../../src/cli/inject/manifests.ts';
import { print } from '../../src/cli/inject/output.ts';
import { customPlaces } from '../../src/cli/inject/pod-places.ts';
import { render, type RenderedManifest } from '../../src/cli/inject/render.ts';
import { parsePart, valueOf } from '../../src/cli/yaml/documents.ts';
import { decide } from '../../src/domain/decide.ts';
import { inject } from '../../src/domain/inject.ts';
import { canonicalJson } from '../../src/domain/json.ts';
import { misshapen } from '../../src/domain/shape.ts';
import { requestFor } from '../testdata/samples.ts';
import { injectorArbitrary, podArbitrary } from './arbitraries.ts';

const NAMESPACE = 'shop';

function rendered(text: string, injectors: readonly SidecarInjector[]): RenderedManifest[] {
  const surroundings = { injectors, labelsOf: () => undefined, assumeSelected: true, context: {} };
  return manifestsOf([{ name: 'test.yaml', text }]).map((manifest) =>
    render(manifest, { surroundings, places: customPlaces([]), defaultNamespace: NAMESPACE }),
  );
}

/** As people and programs write it. */
const style = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  collectionStyle: fc.constantFrom('flow' as const, 'any' as const),
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
});

/** As version 1.1, in which kubectl reads; there `<<` is a merge key, and the package does not quote it. */
const text = fc
  .tuple(podArbitrary, style, fc.boolean())
  .map(([pod, options, isJson]) => ({ pod: { apiVersion: 'v1', ...pod }, options, isJson }))
  .map(({ pod, options, isJson }) => ({
    pod,
    text: isJson ? JSON.stringify(pod, undefined, 2) : stringify(pod, { version: '1.1', ...options }),
  }))
  .filter(({ text }) => !text.includes('<<'));

describe('inject on any pod and injector', () => {
  it('writes the pod that the webhook makes, as YAML and as JSON', () => {
    fc.assert(
      fc.property(text, injectorArbitrary, ({ pod, text }, injector) => {
        const { action } = decide(requestFor(pod, NAMESPACE), injector);
        const expected = action === 'Inject' ? inject(pod, injector).pod : pod;
        const result = rendered(text, [injector]);
        const yaml = print('yaml', result);
        assert.equal(canonicalJson(valueOf('', parsePart('', yaml))), canonicalJson(expected));
        assert.equal(canonicalJson(JSON.parse(print('json', result))), canonicalJson(expected));
        if (action !== 'Inject') assert.equal(yaml, text);
      }),
      { numRuns: 300 },
    );
  });

  it('renders what was rendered to itself, byte for byte, and prints patches that lead there', () => {
    fc.assert(
      fc.property(text, injectorArbitrary, ({ pod, text }, injector) => {
        // The package that applies patches here refuses this key.
        fc.pre(misshapen(pod) === undefined && !(text + JSON.stringify(injector)).includes('__proto__'));
        const result = rendered(text, [injector]);
        const once = print('yaml', result);
        assert.equal(print('yaml', rendered(once, [injector])), once);
        const [entry] = JSON.parse(print('patch', result)) as { patch: jsonPatch.Operation[] }[];
        const patched: JsonObject = jsonPatch.applyPatch(pod, entry?.patch ?? [], true, false, false).newDocument;
        assert.equal(canonicalJson(patched), canonicalJson(valueOf('', parsePart('', once))));
      }),
      { numRuns: 150 },
    );
  });
});
