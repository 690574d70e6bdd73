import type { FailedStep } from './run.ts';

const MAX_LINES = 14;

/** The failing steps, each with the first lines of what is wrong. */
export const describeFailures = (failed: readonly FailedStep[]): string =>
  failed
    .flatMap(({ step, lines }) => [
      `\n${step}`,
      ...lines.slice(0, MAX_LINES).map((line) => `    ${line}`),
      ...(lines.length > MAX_LINES ? [`    ... ${lines.length - MAX_LINES} more`] : []),
    ])
    .join('\n');
