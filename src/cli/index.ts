/** The command line: finds the command that is meant, runs it, and tells what goes wrong. */
import { describeError, operatorError, OperatorError } from '../errors.ts';
import { ApiError } from '../kube/errors.ts';
import { VERSION } from '../version.ts';
import type { Command, Io } from './command.ts';
import { COMMANDS, type Entry } from './commands.ts';
import { COMPLETE, completions } from './completion/complete.ts';
import { EXIT } from './exit-codes.ts';
import { commandHelp, overview } from './help.ts';
import { nearest } from './nearest.ts';
import { readOptions } from './options.ts';
import { outliveReader } from './streams.ts';

/**
 * Runs the command that the first argument names and gives its exit code (exit-codes.ts). What goes wrong is told on
 * stderr: it never rejects for an error of the catalogue or of the API server.
 *
 * @param argv the arguments after the executable; `operator` is not for here
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  outliveReader(io.stdout);
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof ApiError) {
      io.stderr.write(`Error from server (${error.reason}): ${describeError(error)}\n`);
      return EXIT.error;
    }
    if (!(error instanceof OperatorError)) throw error;
    io.stderr.write(`${error.code}: ${describeError(error)}\n${error.fix}\n`);
    return error.code === 'SI6001' ? EXIT.usage : EXIT.error;
  }
}

/** What was typed, from `process.argv`: kubectl finds its plugins, and their completion, by the names of their files. */
export function invocation([, executable = '', ...argv]: readonly string[]): { program: string; argv: string[] } {
  const [, part] = /(?:^|[\\/])kubectl(_complete)?-sidecar_injector(?:\.\w+)?$/.exec(executable) ?? [undefined, 'none'];
  if (part === 'none') return { program: 'sidecar-injector', argv };
  return { program: 'kubectl sidecar-injector', argv: part === undefined ? argv : [COMPLETE, ...argv] };
}

async function dispatch([name = '--help', ...rest]: readonly string[], io: Io): Promise<number> {
  if (name === '--version') return print(io, `sidecar-injector ${VERSION}\n`);
  if (['help', '--help', '-h'].includes(name)) return help(rest, io);
  if (name === COMPLETE) return print(io, await completions(rest, io));
  return runCommand(name, await commandNamed(name), rest, io);
}

async function help([name]: readonly string[], io: Io): Promise<number> {
  const text =
    name === undefined ? overview(io.program, COMMANDS) : commandHelp(io.program, name, await commandNamed(name));
  return print(io, text);
}

async function runCommand(name: string, command: Command, argv: readonly string[], io: Io): Promise<number> {
  const given = readOptions(name, argv, command);
  return given === undefined ? print(io, commandHelp(io.program, name, command)) : command.run(io, given);
}

/** @throws SI6001 for a name that is none, with the one that is probably meant */
async function commandNamed(name: string): Promise<Command> {
  const entry: Entry | undefined = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry?.load !== undefined) return (await entry.load()).command;
  const meant = nearest(name, Object.keys(COMMANDS));
  const hint = meant === undefined ? '' : `, did you mean ${meant}?`;
  throw operatorError('SI6001', { command: 'sidecar-injector', problems: `unknown command "${name}"${hint}` });
}

function print(io: Io, text: string): number {
  io.stdout.write(text);
  return EXIT.ok;
}
