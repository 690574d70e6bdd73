/** What a command is: everything that help, completion, the documentation and the shell need to know of it. */
import type { Given, Option } from './options.ts';
import type { Streams } from './streams.ts';

/** The surroundings of a command; tests put their own in place of the process's. */
export interface Io extends Streams {
  env: Readonly<Record<string, string | undefined>>;
  /** How the user called this program: `sidecar-injector` or `kubectl sidecar-injector`. */
  program: string;
}

export interface Command {
  /** What follows the command's name: `NAME [flags]`. */
  usage: string;
  /** Lines that say what it does. */
  description: readonly string[];
  /** Command lines; `$0` stands for the program. */
  examples: readonly string[];
  options: Record<string, Option>;
  /** How many words besides flags it takes; none when left out. */
  words?: { min: number; max: number };
  /** The codes with which it ends, as a sentence without the full stop. */
  exitCodes: string;
  /** What is wrong with the command line that the options do not say by themselves. */
  check?(given: Given): string[];
  /** Gives the exit code (exit-codes.ts). May throw OperatorError and ApiError: they are told on stderr, and exit with 1. */
  run(io: Io, given: Given): Promise<number>;
  /** What the next word, of which `partial` is typed, can be after those that are given. Asks the cluster, so it may throw. */
  complete?(io: Io, given: Given, partial: string): Promise<string[]>;
}
