/** `make dist`: one file that the API server takes, and a bill of materials that misses nothing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bundledFolders, createSbom } from '../../hack/release/sbom.ts';
import { installManifest } from '../../hack/release/install.ts';
import { kubectlRunsHere } from '../e2e/support/kubectl.ts';
import { layerBinary } from '../e2e/support/layer.ts';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { identify, kustomize, parseManifests } from './support/render.ts';

const IMAGE = 'registry.example.com/sidecar-injector:v9';

test(
  'install.yaml is config/default with the image that is wanted, the definition first',
  { skip: !kubectlRunsHere && 'the npm packages carry kubectl for linux on x64' },
  async () => {
    const text = installManifest(layerBinary(35, 'kubectl/kubectl'), IMAGE);
    const objects = parseManifests(text);
    assert.equal(objects[0]?.kind, 'CustomResourceDefinition');
    assert.equal(text.split(IMAGE).length, 2);
    assert.ok(!text.includes(':latest'));
    // test/packaging/kustomize.test.ts has these taken by the API server.
    const names = (await kustomize('config/default')).map(identify);
    assert.deepEqual(objects.map(identify).toSorted(), names.toSorted());
  },
);

test('the bill of materials has each package of the bundle as it is installed, and is the same each time', async () => {
  const folders = await bundledFolders();
  const sbom = createSbom(folders);
  const names = sbom.components.map(({ name }) => name);
  assert.ok(names.includes('express') && names.includes('@kubernetes/client-node'));
  assert.ok(!names.includes('esbuild') && !names.includes('typescript'));
  assert.equal(sbom.components.length, folders.length);
  for (const [index, folder] of folders.entries()) {
    const text = readFileSync(path.join(REPOSITORY, folder, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(text) as { name: string; version: string };
    assert.equal(sbom.components[index]?.purl, `pkg:npm/${name.replace('@', '%40')}@${version}`);
    assert.match(sbom.components[index]?.hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/);
  }
  assert.match(sbom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(createSbom(folders), sbom);
});
