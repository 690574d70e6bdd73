/** `--fix`: shows what would be done, asks, and does it. */
import type { KubeClient } from '../../kube/client.ts';
import { describeError } from '../../errors.ts';
import type { Io } from '../command.ts';
import { problemsOf, type Result } from './check.ts';
import { mendCommand, perform, type Mend } from './mend.ts';

/** The mends of all problems, each once. */
export function mendsOf(results: readonly Result[]): Mend[] {
  const mends = results.flatMap((result) => problemsOf(result).flatMap(({ mend }) => mend ?? []));
  return [...new Map(mends.map((mend) => [mendCommand(mend), mend])).values()];
}

/**
 * Asks on stderr, so that stdout stays what the format says.
 *
 * @param asked whether the user has agreed already (`--yes`)
 * @returns how many were made
 */
export async function mendAll(io: Io, client: KubeClient, mends: readonly Mend[], asked: boolean): Promise<number> {
  if (mends.length === 0) {
    io.stderr.write('There is nothing that doctor can mend by itself.\n');
    return 0;
  }
  io.stderr.write(`Doctor can do this:\n${mends.map((mend) => `  ${mendCommand(mend)}\n`).join('')}`);
  if (!asked && !(await agrees(io))) {
    io.stderr.write('Nothing was changed.\n');
    return 0;
  }
  let made = 0;
  for (const mend of mends) {
    try {
      const done = await perform(client, mend);
      if (done) made += 1;
      io.stderr.write(`${done ? 'done' : 'changed meanwhile, left alone'}: ${mendCommand(mend)}\n`);
    } catch (error) {
      io.stderr.write(`failed: ${mendCommand(mend)}: ${describeError(error)}\n`);
    }
  }
  return made;
}

async function agrees(io: Io): Promise<boolean> {
  io.stderr.write('Go ahead? [y/N] ');
  let answer = '';
  for await (const chunk of io.stdin) {
    answer += Buffer.from(chunk).toString('utf8');
    if (answer.includes('\n')) break;
  }
  return /^\s*y(es)?\s*$/i.test(answer.split('\n', 1)[0] ?? '');
}
