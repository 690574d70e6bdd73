import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonObject } from '../../src/api/v1alpha1/types.ts';
import { decide } from '../../src/domain/decide.ts';
import { requestFor } from '../testdata/samples.ts';
import { injectorArbitrary, podArbitrary } from './arbitraries.ts';
import { PROPERTIES } from './properties.ts';

/** A property that says nothing about most inputs says little. */
const MAX_SKIPS = 10;

for (const [name, holds] of Object.entries(PROPERTIES)) {
  test(name, () => {
    fc.assert(fc.property(podArbitrary, injectorArbitrary, holds), { numRuns: 400, maxSkipsPerRun: MAX_SKIPS });
  });
}

test('no JSON at all makes a decision throw', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 6 }),
      fc.jsonValue({ maxDepth: 4 }),
      injectorArbitrary,
      (any, spec, injector) => {
        for (const object of [
          any,
          { metadata: any, spec },
          { spec: { containers: any } },
          { spec: { containers: [any], volumes: spec } },
        ]) {
          const { warnings } = decide(requestFor(object as JsonObject), injector);
          assert.ok(warnings.length <= 5);
        }
      },
    ),
    { numRuns: 300 },
  );
});
