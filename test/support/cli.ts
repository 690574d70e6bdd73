/** Runs commands of the command line in this process. */
import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/index.ts';

export interface CliResult {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** Runs `sidecar-injector ...argv`; the code is undefined for what is no command of the command line. */
export async function cli(argv: readonly string[], stdin = ''): Promise<CliResult> {
  const written = { stdout: '', stderr: '' };
  const code = await runCli(argv, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
  });
  return { code, ...written };
}
