/** What a run of disorder is, by flags. */
import { parseArgs } from 'node:util';

export interface ChaosOptions {
  /** The same seed makes each actor choose the same deeds; what they meet is the machine's. */
  seed: number;
  minutes: number;
  /** Deeds that go on at the same time. */
  actors: number;
  /** Between two moments in which everything has to be well again, in seconds. */
  roundSeconds: number;
}

/** Flags of the program alone. */
export interface ProgramOptions extends ChaosOptions {
  /** Whether docs/chaos.md gets the result. */
  report: boolean;
  /** A file that gets every deed and every line of the operators' logs, with the seconds since the start. */
  diary: string | undefined;
}

/** @throws TypeError for what it does not know */
export const parseChaosOptions = (args: string[], seed: number): ProgramOptions => {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: String(seed) },
      minutes: { type: 'string', default: '60' },
      actors: { type: 'string', default: '3' },
      'round-seconds': { type: 'string', default: '60' },
      report: { type: 'boolean', default: false },
      diary: { type: 'string' },
    },
  });
  const number = (name: Exclude<keyof typeof values, 'report' | 'diary'>): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value)) throw new TypeError(`--${name} ${values[name]} is not a number`);
    return value;
  };
  return {
    seed: number('seed'),
    minutes: number('minutes'),
    actors: number('actors'),
    roundSeconds: number('round-seconds'),
    report: values.report,
    diary: values.diary,
  };
};
