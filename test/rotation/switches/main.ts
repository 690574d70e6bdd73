/**
 * `make rotation-switches`: leaves out the steps of the protocol one by one, and shows that the rotation test notices each. First
 * comes every scene as it is, in which nothing of that may be reported. Arguments are names of switches; default all.
 */
import { endOnSignals, stopChildren } from '../../e2e/support/child.ts';
import type { Figures, Violation } from '../figures.ts';
import { runRotation } from '../run.ts';
import { optionsOf, optionsWith } from './run.ts';
import { SCENES, SWITCHES, type SceneName } from './table.ts';

endOnSignals();
const names = process.argv.slice(2);
const unknown = names.find((name) => SWITCHES.every((each) => each.name !== name));
if (unknown !== undefined) throw new Error(`${unknown} is none of ${SWITCHES.map(({ name }) => name).join(', ')}`);
const switches = SWITCHES.filter(({ name }) => names.length === 0 || names.includes(name));

const told = (figures: Figures): string =>
  [
    ...figures.violations.map(({ kind, failures }) => `${kind} ${failures.length}`),
    `canaries refused ${figures.refusedCanaries}`,
    `pods ${figures.pods}`,
    `${(figures.elapsedMs / 1000).toFixed(1)} s`,
  ].join(', ');

/** Prints a line; what is not as it should be makes the program fail. */
const judge = (name: string, good: boolean, figures: Figures): void => {
  console.log(`${good ? 'ok    ' : 'FAILED'}  ${name.padEnd(26)}  ${told(figures)}`);
  if (good) return;
  process.exitCode = 1;
  console.log(figures.text());
};

try {
  for (const scene of Object.keys(SCENES) as SceneName[]) {
    const guarded = switches.filter((each) => each.scene === scene);
    if (guarded.length === 0) continue;
    const kinds = new Set<Violation>(guarded.flatMap(({ noticedBy }) => noticedBy));
    const figures = await runRotation(optionsOf(scene));
    judge(`nothing, ${scene}`, figures.countOf([...kinds]) === 0, figures);
    for (const each of guarded) {
      const figures = await runRotation(optionsWith(each));
      judge(each.name, figures.countOf(each.noticedBy) > 0, figures);
    }
  }
} finally {
  await stopChildren();
}
