/** `make image-rootfs`: builds the image's root file system into .run/rootfs and says what it weighs. */

import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildImage, sizeOf } from './rootfs.ts';

const folder = path.resolve('.run/rootfs');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const image = buildImage({ context: process.cwd(), folder });
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
for (const part of ['app', 'nodejs', '.']) {
  const { bytes, compressed } = sizeOf(path.join(image.root, part));
  console.log(`${part.padEnd(8)} ${megabytes(bytes)}, compressed ${megabytes(compressed)}`);
}
console.log(`${image.root}: ${[...image.entrypoint, ...image.command].join(' ')} as ${image.user}`);
