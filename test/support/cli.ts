/** Runs commands of the command line in this process. */
import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/index.ts';

export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  /** Default `sidecar-injector`. */
  program?: string;
  /** As if standard output were a terminal. */
  tty?: boolean;
}

/** Runs `sidecar-injector ...argv`. */
export async function cli(
  argv: readonly string[],
  stdin = '',
  { env = {}, program = 'sidecar-injector', tty = false }: CliOptions = {},
): Promise<CliResult> {
  const written = { stdout: '', stderr: '' };
  const code = await runCli(argv, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text) => (written.stdout += text), isTTY: tty },
    stderr: { write: (text) => (written.stderr += text) },
    env,
    program,
  });
  return { code, ...written };
}
