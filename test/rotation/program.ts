/** The operator as it is now, in a folder of its own: what is changed while a run lasts does not change the run. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startChild } from '../e2e/support/child.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { until } from '../support/until.ts';

const LIMIT = { timeoutMs: 60_000 };

/** Bundles the operator; gives back the program to run. */
export const bundleIn = async (directory: string): Promise<string> => {
  const build = startChild(['hack/build.ts']);
  await until('the bundle is built', () => !build.running, LIMIT);
  if (build.process.exitCode !== 0) throw new Error(build.lines.join('\n'));
  const folder = path.join(directory, 'dist');
  cpSync(path.join(REPOSITORY, 'dist'), folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  return path.join(folder, 'sidecar-injector.js');
};

/**
 * Copies the sources; gives back the program to run.
 *
 * @param version what the copy takes for its own
 */
export const sourcesIn = (directory: string, version?: string): string => {
  const folder = path.join(directory, 'operator');
  cpSync(path.join(REPOSITORY, 'src'), path.join(folder, 'src'), { recursive: true });
  const manifest = JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, ...(version && { version }) }));
  symlinkSync(path.join(REPOSITORY, 'node_modules'), path.join(folder, 'node_modules'));
  return path.join(folder, 'src/main.ts');
};
