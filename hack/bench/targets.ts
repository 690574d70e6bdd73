/** Starts the servers to be measured, bundled as the operator is shipped and each on the first core, and reads what they use. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE } from '../bundle.ts';
import { identityFor } from '../../test/support/serving-identity.ts';
import { SERVER_NAME } from './admission-target.ts';
import { imageFlags } from './image-flags.ts';

export type Kind = 'raw' | 'usual' | 'ours';

export interface Target {
  kind: Kind;
  /** As the tables call it. */
  name: string;
  injectors: number;
  port: number;
  pid: number;
  /** Takes the processor from it, until `resume`. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Whether a core can be given to the servers, and the rest of the machine to the load. */
const PINS = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Keeps this process, which makes the load, off the core of the servers. */
export function leaveFirstCore(): void {
  if (PINS) spawnSync('taskset', ['-a', '-c', '-p', `1-${availableParallelism() - 1}`, String(process.pid)]);
  else console.log('no taskset, or one core only: the load and the servers share their cores');
}

export async function bundleTarget(directory: string): Promise<string> {
  const outfile = join(directory, 'admission-target.mjs');
  await build({ ...BUNDLE, entryPoints: ['hack/bench/admission-target.ts'], outfile });
  return outfile;
}

/** Writes a key and certificate for the servers; gives back the file and the authority to trust. */
export async function writeIdentity(directory: string): Promise<{ file: string; ca: string }> {
  const { ca, key, cert } = await identityFor(SERVER_NAME);
  const file = join(directory, 'identity.json');
  writeFileSync(file, JSON.stringify({ key, cert }));
  return { file, ca };
}

const NAMES: Record<Kind, (injectors: number) => string> = {
  raw: () => 'raw node:https',
  usual: () => 'express + compare',
  ours: (injectors) => `ours, ${injectors} injector${injectors === 1 ? '' : 's'}`,
};

export async function startTarget(
  kind: Kind,
  injectors: number,
  { script, identity }: { script: string; identity: string },
): Promise<Target> {
  const command = [process.execPath, ...imageFlags(), script, kind, String(injectors), identity];
  const [file = '', ...args] = PINS ? ['taskset', '-c', '0', ...command] : command;
  // Log lines go to a file: reading them would be work for whoever makes the load.
  const log = openSync(`${identity}.log`, 'a');
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', log] });
  if (child.stdout === null) throw new Error('no standard output');
  const signals = (signal: NodeJS.Signals) => (): void => void child.kill(signal);
  const [pause, resume, stop] = [signals('SIGSTOP'), signals('SIGCONT'), signals('SIGKILL')] as const;
  process.once('exit', stop);
  const failed = (code: number | null): never => {
    throw new Error(`${kind} ended with ${code}: ${readFileSync(`${identity}.log`, 'utf8')}`);
  };
  child.once('exit', failed);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.off('exit', failed);
  const port = Number(/listening (\d+)/.exec(String(line))?.[1]);
  return { kind, name: NAMES[kind](injectors), injectors, port, pid: child.pid ?? 0, pause, resume, stop };
}

/** Resident memory in MiB. */
export function memoryOf({ pid }: Target): number {
  return Math.round(Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
}

/**
 * CPU time of the process so far, of all its threads, in microseconds: unlike requests per second it changes little with what
 * else runs on the machine.
 */
export function cpuOf({ pid }: Target): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
}
