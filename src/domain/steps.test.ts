import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from './plan.ts';
import { phaseOf, STORED_PHASES } from './rollover.ts';
import { PHASES, stepOf, type StepName } from './steps.ts';

const ACTIONS: [action: Action, step: StepName][] = [
  [{ type: 'Issuance', step: { step: 'GenerateKey', attempt: 0, why: 'due' } }, 'key'],
  [{ type: 'Issuance', step: { step: 'DropPending' } }, 'secret'],
  [{ type: 'RestoreSecret', from: 'Memory', repair: 'deleted' }, 'secret'],
  [{ type: 'TryTemplate', revision: 'r' }, 'template'],
  [{ type: 'RemoveRevision', revision: 'r' }, 'cleanup'],
  [{ type: 'Probe', of: 'x' }, 'probe'],
];
for (const [action, step] of ACTIONS) {
  const what = action.type === 'Issuance' ? action.step.step : action.type;
  test(`a failure of ${what} counts for the step ${step}`, () => assert.equal(stepOf(action), step));
}

test('every phase that a rollover can be in is known by name, and no other', () => {
  const published = { altered: false, unchangedForMs: 0, touch: undefined };
  const phases = STORED_PHASES.flatMap((phase) =>
    [true, false].map((asWanted) =>
      phaseOf({ state: { phase, seq: 1, reverts: 0 }, published: { ...published, asWanted } }),
    ),
  );
  assert.deepEqual(PHASES.toSorted(), [...new Set(phases)].toSorted());
});
