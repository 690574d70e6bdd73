/** A folder like the repository in which the commands of a page are run, and the programs that they find there. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { layerBinary, runBinary, type BinaryResult } from '../e2e/support/layer.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';

/** Programs that are not run, as they need what no test machine has. */
const NOT_RUN: Record<string, string> = {
  docker: 'there is no container engine here',
  kind: 'there is no container engine here',
  cosign: 'no release has been signed yet',
  git: 'the repository is not on the network of a test',
};

/** Targets of the Makefile that are run; of the others it is checked that they exist. Most are tests or demos of their own. */
const TARGETS_RUN = 'deploy|undeploy|install|uninstall';

const MAKE = `#!/bin/sh
for word in "$@"; do
  case "$word" in
    *=*|-*) ;;
    ${TARGETS_RUN}) exec /usr/bin/make KUBECTL=kubectl "$@" ;;
    *) grep -q "^$word:" Makefile || { echo "make: no target $word" >&2; exit 2; } ;;
  esac
done
`;

const NPM = `#!/bin/sh
[ "$1" = run ] || { echo "npm: only npm run is expected" >&2; exit 2; }
grep -q "^    \\"$2\\": " package.json || { echo "npm: no script $2" >&2; exit 2; }
`;

/** \`npx node\` is the pinned Node, which runs this test. */
const NPX = `#!/bin/sh
exec "$@"
`;

export type Shell = (script: string) => Promise<BinaryResult>;

export interface Workplace {
  /** Where files of the pages are written. */
  readonly folder: string;
  /** Runs commands with bash; the first that fails ends them. */
  readonly shell: Shell;
}

/**
 * @param directory an empty one, also the home of whoever runs the commands
 * @param bundle the operator's program
 */
export function openWorkplace(directory: string, kubeconfig: string, bundle: string): Workplace {
  const folder = path.join(directory, 'repository');
  const programs = path.join(directory, 'programs');
  for (const made of [folder, programs, path.join(directory, '.local/bin')]) mkdirSync(made, { recursive: true });
  for (const entry of readdirSync(REPOSITORY)) {
    if (!['dist', '.git', '.run'].includes(entry)) symlinkSync(path.join(REPOSITORY, entry), path.join(folder, entry));
  }
  symlinkSync(path.dirname(bundle), path.join(folder, 'dist'));
  symlinkSync(layerBinary(35, 'kubectl/kubectl'), path.join(programs, 'kubectl'));
  symlinkSync(layerBinary(35, 'helm/helm'), path.join(programs, 'helm'));
  for (const name of ['sidecar-injector', 'kubectl-sidecar_injector']) symlinkSync(bundle, path.join(programs, name));
  const scripts = { make: MAKE, npm: NPM, npx: NPX };
  const stubs = Object.entries(NOT_RUN).map(([name, reason]) => [name, `#!/bin/sh\n# ${reason}\n`]);
  for (const [name = '', text = ''] of [...Object.entries(scripts), ...stubs]) {
    writeFileSync(path.join(programs, name), text);
    chmodSync(path.join(programs, name), 0o755);
  }
  const env = {
    PATH: [programs, path.dirname(process.execPath), '/usr/bin', '/bin'].join(':'),
    HOME: directory,
    KUBECONFIG: kubeconfig,
    // The bundle is started some thirty times.
    NODE_COMPILE_CACHE: path.join(path.dirname(bundle), 'compiled'),
  };
  return {
    folder,
    shell: (script) => runBinary('/bin/bash', ['-c', `cd '${folder}'\nset -euo pipefail\n${script}`], env),
  };
}
