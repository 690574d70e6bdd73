/**
 * The properties of injection on random pods and injectors, for as long as one likes:
 * `node hack/fuzz/main.ts [--runs 20000] [--seed N]`. The seed is printed, and brings the same inputs again; a failure is
 * shrunk to the smallest input and ends with status 1.
 */
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { injectorArbitrary, podArbitrary } from '../../test/property/arbitraries.ts';
import { PROPERTIES } from '../../test/property/properties.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string' },
  },
});
const numRuns = Number(values.runs);
const seed = values.seed === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(numRuns) || numRuns < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--runs and --seed must be whole numbers, and --runs at least 1');
}

const spoken = new Map(Object.keys(PROPERTIES).map((name) => [name, 0]));
const every = 50_000;
const started = performance.now();
let done = 0;

const all = fc.property(podArbitrary, injectorArbitrary, (pod, injector) => {
  for (const [name, holds] of Object.entries(PROPERTIES)) {
    try {
      holds(pod, injector);
    } catch (error) {
      // This one says nothing about this input; the others may.
      if (fc.PreconditionFailure.isFailure(error)) continue;
      throw new Error(`does not hold: ${name}`, { cause: error });
    }
    spoken.set(name, (spoken.get(name) ?? 0) + 1);
  }
  done += 1;
  if (done % every === 0) console.log(`${done} of ${numRuns}, ${Math.round((performance.now() - started) / 1000)} s`);
});

console.log(`${numRuns} random reviews; again with: node hack/fuzz/main.ts --runs ${numRuns} --seed ${seed}`);
const result = fc.check(all, { numRuns, seed });
for (const [name, count] of spoken) console.log(`${String(count).padStart(9)} x ${name}`);
if (result.failed) {
  console.error(fc.defaultReportMessage(result));
  // The report leaves out which property it was, and what was found instead.
  console.error(result.errorInstance);
  process.exitCode = 1;
} else console.log(`all hold, in ${((performance.now() - started) / 1000).toFixed(1)} s`);
