/** Runs a program of the repository as a process of its own, and keeps what it writes. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { REPOSITORY } from './manifests.ts';

export interface Child {
  readonly process: ChildProcess;
  /** Every line of standard output and standard error so far. */
  readonly lines: string[];
  readonly running: boolean;
  /** Sends the signal and resolves with the exit code once the process has ended; null when a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const children = new Set<Child>();
// A test process that dies must not leave its children behind.
process.once('exit', () => {
  for (const { process: child } of children) child.kill('SIGKILL');
});

/** For programs that do not listen to signals themselves: by itself a signal would end them and leave the children behind. */
export const endOnSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
};
// So does the test runner end the process of a file, when it is ended itself.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) endOnSignals();

/** Ends every child that still runs, the youngest first: it may need the others to leave in order. */
export const stopChildren = async (): Promise<void> => {
  for (const child of [...children].toReversed()) await child.stop();
};

/** Starts `node ARGUMENTS` in the repository's root. `onLine` sees each line as it comes. */
export const startChild = (
  argv: string[],
  { env = {}, onLine }: { env?: Record<string, string>; onLine?: (line: string) => void } = {},
): Child => {
  const child = spawn(process.execPath, argv, {
    cwd: REPOSITORY,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        onLine?.(line);
      }
    });
  }
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const started: Child = {
    process: child,
    lines,
    get running() {
      return running();
    },
    async stop(signal = 'SIGTERM') {
      if (running()) {
        const ended = once(child, 'exit');
        child.kill(signal);
        await ended;
      }
      return child.exitCode;
    },
  };
  children.add(started);
  child.once('exit', () => children.delete(started));
  return started;
};
