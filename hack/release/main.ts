/** `make dist`: what a release consists of beside the image, in dist/. IMG is the image that install.yaml names. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { kubectlRunsHere } from '../../test/e2e/support/kubectl.ts';
import { layerBinary } from '../../test/e2e/support/layer.ts';
import { installManifest } from './install.ts';
import { bundledFolders, createSbom } from './sbom.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const image = process.env['IMG'] ?? `ghcr.io/sidecar-injector/sidecar-injector:v${version}`;
const kubectl = process.env['KUBECTL'] ?? (kubectlRunsHere ? layerBinary(35, 'kubectl/kubectl') : 'kubectl');

const files: Record<string, string> = {
  'install.yaml': installManifest(kubectl, image),
  'crds.yaml': readFileSync('crds/sidecarinjector.dev_sidecarinjectors.yaml', 'utf8'),
  'sbom.cdx.json': `${JSON.stringify(createSbom(await bundledFolders()), undefined, 2)}\n`,
};
mkdirSync('dist', { recursive: true });
for (const [name, text] of Object.entries(files)) {
  writeFileSync(`dist/${name}`, text);
  console.log(`dist/${name}: ${text.length} bytes, sha256 ${createHash('sha256').update(text).digest('hex')}`);
}
