/** Runs every generator of the repository; `--check` writes nothing and fails when a committed file would change. */
import { spawnSync } from 'node:child_process';

const generators = ['hack/generate-crds.ts', 'hack/generate-docs.ts'];
const flags = process.argv.includes('--check') ? ['--check'] : [];

const failed = generators.filter(
  (script) => spawnSync(process.execPath, [script, ...flags], { stdio: 'inherit' }).status !== 0,
);
if (failed.length > 0) {
  console.error(`generated files are out of date or could not be made: ${failed.join(', ')}; run: make generate`);
  process.exit(1);
}
