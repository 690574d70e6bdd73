/** The commands that need no operator. Each is loaded when it is called: `operator` starts without their packages. */
import { describeError, OperatorError } from '../errors.ts';
import { EXIT } from './exit-codes.ts';
import { outliveReader, type Streams } from './streams.ts';

interface CommandModule {
  /** The exit code. */
  run(argv: string[], streams: Streams): Promise<number>;
}

const COMMANDS: Record<string, () => Promise<CommandModule>> = {
  inject: () => import('./inject/command.ts'),
  export: () => import('./export/command.ts'),
};

/**
 * Runs the command that the first argument names and gives its exit code; undefined when it is not one of these. What
 * goes wrong is told on stderr: it never rejects for an error of the catalogue.
 *
 * @param argv the arguments after the executable
 */
export function runCli(argv: readonly string[], streams: Streams): Promise<number> | undefined {
  const [name = '', ...rest] = argv;
  return Object.hasOwn(COMMANDS, name) ? runCommand(name, rest, streams) : undefined;
}

async function runCommand(name: string, argv: string[], streams: Streams): Promise<number> {
  outliveReader(streams.stdout);
  try {
    const command = await COMMANDS[name]?.();
    return (await command?.run(argv, streams)) ?? EXIT.usage;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    streams.stderr.write(`${error.code}: ${describeError(error)}\n${error.fix}\n`);
    return error.code === 'SI6001' ? EXIT.usage : EXIT.error;
  }
}
