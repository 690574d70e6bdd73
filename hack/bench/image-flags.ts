/** Node's flags in the image: what is measured runs under the same. */
import { readFileSync } from 'node:fs';
import { parseDockerfile } from '../image/dockerfile.ts';

/** Those of the ENTRYPOINT of the Dockerfile's last stage, such as `--max-semi-space-size=8`. */
export function imageFlags(): string[] {
  const instructions = parseDockerfile(readFileSync('Dockerfile', 'utf8')).at(-1)?.instructions ?? [];
  const entrypoint = instructions.find(({ word }) => word === 'ENTRYPOINT');
  return entrypoint?.args.filter((argument) => argument.startsWith('--')) ?? [];
}
