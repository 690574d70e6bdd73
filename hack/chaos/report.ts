/** What came of a run, for the terminal and as the section of docs/chaos.md. */
import type { Figures } from '../../test/rotation/figures.ts';
import { machine, writeSection } from '../bench/report.ts';
import type { ChaosOptions } from './options.ts';

/** The deeds and how often each was done, and the figures. */
export const resultText = (deeds: ReadonlyMap<string, number>, figures: Pick<Figures, 'text'>): string => {
  const lines = [...deeds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, times]) => `  ${times} x ${name}`);
  return [...lines, figures.text()].join('\n');
};

/** Writes docs/chaos.md between its marks. */
export const writeReport = async (
  { seed, minutes, actors, roundSeconds }: ChaosOptions,
  result: string,
): Promise<void> => {
  const flags = `--minutes ${minutes} --seed ${seed} --actors ${actors} --round-seconds ${roundSeconds} --report`;
  const text = `\`make chaos ARGS="${flags}"\` made this section.\n\n${machine()}\n\n\`\`\`text\n${result}\n\`\`\``;
  await writeSection('result', text, 'docs/chaos.md');
};
