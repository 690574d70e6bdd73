/** `sidecar-injector completion`: the script that a shell loads. */
import type { Command, Io } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import type { Given } from '../options.ts';
import { SCRIPTS } from './scripts.ts';

const SHELLS = Object.keys(SCRIPTS);

function check({ words: [shell] }: Given): string[] {
  return shell === undefined || Object.hasOwn(SCRIPTS, shell) ? [] : [`${shell} is none of ${SHELLS.join(', ')}`];
}

async function run(io: Io, { words: [shell = ''] }: Given): Promise<number> {
  io.stdout.write(SCRIPTS[shell] ?? '');
  return EXIT.ok;
}

export const command: Command = {
  usage: `(${SHELLS.join(' | ')})`,
  description: [
    'Prints the script by which a shell completes the commands, flags and names of sidecar-injector.',
    'kubectl completes `kubectl sidecar-injector` by itself (1.26 and newer) when it finds this program a second time on PATH,',
    'under the name kubectl_complete-sidecar_injector: a symbolic link will do.',
  ],
  examples: [
    'source <(sidecar-injector completion bash)',
    'sidecar-injector completion zsh > "${fpath[1]}/_sidecar-injector"',
    'sidecar-injector completion fish > ~/.config/fish/completions/sidecar-injector.fish',
    'ln -s "$(command -v kubectl-sidecar_injector)" ~/.local/bin/kubectl_complete-sidecar_injector',
  ],
  options: {},
  words: { min: 1, max: 1 },
  exitCodes: '0 done; 2 the command line is wrong',
  check,
  run,
  complete: async (_io, { words }) => (words.length > 0 ? [] : SHELLS),
};
