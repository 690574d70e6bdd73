/** `make model-check`: searches every cluster of the list, and prints how much was looked at. */
import { LARGE, search, SMALL, type Size } from './sizes.ts';

const MOST_STATES = 2_000_000;

for (const [name, size] of Object.entries<Size>({ ...SMALL, ...LARGE })) {
  const begun = performance.now();
  const { states, moves, depth, complete, counterExample } = search(size, MOST_STATES);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const extent = complete ? 'every state' : `every order of ${depth} moves`;
  console.log(`${name}: ${extent}: ${states} states, ${moves} moves, ${seconds} s`);
  if (counterExample === undefined) continue;
  process.exitCode = 1;
  console.log(`  ${counterExample.why}, after:\n  ${counterExample.story.join('\n  ')}`);
}
