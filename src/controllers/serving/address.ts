/** Where other replicas reach this one. */
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';

const ANY: ReadonlySet<string> = new Set(['', '::', '0.0.0.0']);

/**
 * The address to give to others: the one that is listened on, or, where that is any, the first of this machine that leads
 * outside (in a pod: the pod's), else the loopback.
 */
export function reachableAddress(
  listening: string,
  interfaces: Readonly<Record<string, NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): string {
  if (!ANY.has(listening)) return listening;
  const outside = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address ?? '127.0.0.1';
}

/** Where this process reaches itself. */
export function ownAddress(listening: string): string {
  return ANY.has(listening) ? '127.0.0.1' : listening;
}
