/** Runs a root file system as a container engine would, by the tools of Linux: needs root. */

import path from 'node:path';
import type { Image } from './rootfs.ts';

/**
 * The command line that runs the image with a read-only root as its user, in a mount namespace of its own. The rest of the
 * machine is shared, its network above all.
 * @param mounts folders of the machine to show inside, read-only: path inside -> path outside
 */
export const containerCommand = (
  { root, entrypoint, command, user, workingDirectory }: Image,
  { args = command, mounts = {} }: { args?: string[]; mounts?: Record<string, string> } = {},
): string[] => {
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const bind = (outside: string, inside: string): string[] => {
    const target = quoted(path.join(root, inside));
    return [`mount --bind ${quoted(outside)} ${target}`, `mount -o remount,bind,ro ${target}`];
  };
  const script = [
    'set -e',
    ...bind(root, '/'),
    `mount --bind /proc ${quoted(path.join(root, 'proc'))}`,
    `mount --bind /dev ${quoted(path.join(root, 'dev'))}`,
    ...Object.entries(mounts).flatMap(([inside, outside]) => bind(outside, inside)),
    `cd ${quoted(path.join(root, workingDirectory))}`,
    `exec chroot --userspec=${user} --groups= ${quoted(root)} "$@"`,
  ].join('\n');
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...entrypoint, ...args];
};
