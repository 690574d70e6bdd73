/**
 * Builds the image's root file system as the Dockerfile says, on a machine without a container engine. Of the base images it
 * knows what they are there for: the build stage has this repository's Node and what `npm ci` made; the final one has Node, the
 * libraries that it needs, the users and the roots of trust, as distroless has.
 */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseDockerfile, type Instruction, type Stage } from './dockerfile.ts';

export interface Image {
  /** The folder that is its root. */
  root: string;
  entrypoint: string[];
  command: string[];
  /** `uid:gid`. */
  user: string;
  workingDirectory: string;
}

export interface BuildOptions {
  /** The repository: the context of the build. */
  context: string;
  /** An empty folder for the stages. */
  folder: string;
}

/** Builds all stages; the last one is the image. */
export const buildImage = ({ context, folder }: BuildOptions): Image => {
  const stages = parseDockerfile(readFileSync(path.join(context, 'Dockerfile'), 'utf8'));
  const built = new Map<string, Image>();
  let last: Image | undefined;
  for (const [index, stage] of stages.entries()) {
    const root = path.join(folder, stage.name ?? `stage-${index}`);
    mkdirSync(root, { recursive: true });
    last = { root, entrypoint: [], command: [], user: '0:0', workingDirectory: '/' };
    if (stage.base.startsWith('gcr.io/distroless/nodejs')) layDistroless(root);
    for (const instruction of stage.instructions) carryOut(instruction, last, { context, stage, built });
    if (stage.name !== undefined) built.set(stage.name, last);
  }
  if (last === undefined) throw new Error('the Dockerfile has no stage');
  return last;
};

interface Surroundings {
  context: string;
  stage: Stage;
  built: Map<string, Image>;
}

const carryOut = ({ word, flags, args }: Instruction, image: Image, { context, stage, built }: Surroundings): void => {
  const inside = (target: string): string => path.join(image.root, path.resolve(image.workingDirectory, target));
  switch (word) {
    case 'WORKDIR':
      image.workingDirectory = path.resolve(image.workingDirectory, args[0] ?? '/');
      mkdirSync(inside('.'), { recursive: true });
      return;
    case 'COPY': {
      const from = flags['from'] === undefined ? context : built.get(flags['from'])?.root;
      if (from === undefined)
        throw new Error(`COPY --from=${flags['from']}: there is no such stage before ${stage.base}`);
      const target = args.at(-1) ?? '';
      for (const source of args.slice(0, -1)) {
        const into = target.endsWith('/') ? path.join(target, path.basename(source)) : target;
        cpSync(path.join(from, source), inside(into), { recursive: true });
      }
      return;
    }
    case 'RUN':
      run(args, inside('.'), context);
      return;
    case 'USER':
      image.user = args[0] ?? '';
      return;
    case 'ENTRYPOINT':
      image.entrypoint = args;
      return;
    case 'CMD':
      image.command = args;
      return;
    case 'LABEL':
    case 'EXPOSE':
    default:
      // Labels and ports say something of an image and change nothing in it.
      return;
  }
};

/** `npm ci` has been run for this lock file already; everything else is run in the stage's folder. */
const run = (args: string[], cwd: string, context: string): void => {
  const modules = path.join(context, 'node_modules');
  if (args.join(' ') === 'npm ci') {
    symlinkSync(modules, path.join(cwd, 'node_modules'));
    return;
  }
  const env = { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env['PATH']}` };
  execFileSync(args[0] ?? '', args.slice(1), { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
};

const PASSWD =
  'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n';
const GROUP = 'root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n';
const ROOTS_OF_TRUST = '/etc/ssl/certs/ca-certificates.crt';

const layDistroless = (root: string): void => {
  const put = (target: string, source: string): void => {
    mkdirSync(path.dirname(path.join(root, target)), { recursive: true });
    cpSync(realpathSync(source), path.join(root, target));
  };
  put('/nodejs/bin/node', process.execPath);
  for (const library of librariesOf(process.execPath)) put(library, library);
  if (existsSync(ROOTS_OF_TRUST)) put(ROOTS_OF_TRUST, ROOTS_OF_TRUST);
  for (const folder of ['etc', 'proc', 'dev', 'sys', 'var/run/secrets/kubernetes.io/serviceaccount', 'home/nonroot']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  mkdirSync(path.join(root, 'tmp'), { mode: 0o1777 });
  writeFileSync(path.join(root, 'etc/passwd'), PASSWD);
  writeFileSync(path.join(root, 'etc/group'), GROUP);
};

/** The shared libraries that a program needs, the loader among them. */
const librariesOf = (program: string): string[] =>
  execFileSync('ldd', [program], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);

/** Bytes of all files below a folder, as they are and each compressed by gzip. */
export const sizeOf = (folder: string): { bytes: number; compressed: number } => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return {
    bytes: files.reduce((sum, file) => sum + statSync(file).size, 0),
    compressed: files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0),
  };
};

/** A new folder for a build, which the caller removes. */
export const buildFolder = (): string =>
  execFileSync('mktemp', ['-d', path.join(tmpdir(), 'sidecar-injector-image-XXXXXX')], { encoding: 'utf8' }).trim();
