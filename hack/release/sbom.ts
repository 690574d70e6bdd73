/** The bill of materials of the bundle, as CycloneDX 1.6: the packages that esbuild took code from, as the lock file knows them. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';

interface Locked {
  version: string;
  integrity: string;
  license?: string;
}

export interface Component {
  type: 'application' | 'library';
  'bom-ref': string;
  name: string;
  version: string;
  purl: string;
  licenses: { expression: string }[];
  hashes?: { alg: 'SHA-512'; content: string }[];
}

export interface Sbom {
  bomFormat: 'CycloneDX';
  specVersion: '1.6';
  serialNumber: string;
  version: 1;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/** Folders that the bundle has code of: `node_modules/undici`, `node_modules/a/node_modules/b`. */
export const bundledFolders = async (): Promise<string[]> => {
  const { metafile } = await build({
    entryPoints: ['src/main.ts'],
    outfile: 'dist/unwritten.js',
    bundle: true,
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'error',
  });
  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const folders = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
};

const componentOf = (folder: string, { version, integrity, license = 'NOASSERTION' }: Locked): Component => {
  const name = folder.replace(/^.*node_modules\//, '');
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const content = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
  const licenses = [{ expression: license }];
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses, hashes: [{ alg: 'SHA-512', content }] };
};

/**
 * Makes it. The same lock file and sources give the same bytes: there is no time in it, and its serial number is a digest.
 * @param folders of the packages in the bundle
 * @throws Error when the bundle holds a package that the lock file does not name
 */
export const createSbom = (folders: readonly string[]): Sbom => {
  const own = JSON.parse(readFileSync('package.json', 'utf8')) as { name: string; version: string; license: string };
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const components = folders.map((folder) => {
    const locked = lock.packages[folder];
    if (locked === undefined) throw new Error(`package-lock.json has no ${folder}, which is in the bundle`);
    return componentOf(folder, locked);
  });
  const purl = `pkg:npm/${own.name}@${own.version}`;
  const component: Component = {
    type: 'application',
    'bom-ref': purl,
    name: own.name,
    version: own.version,
    purl,
    licenses: [{ expression: own.license }],
  };
  const dependencies = [{ ref: purl, dependsOn: components.map((each) => each['bom-ref']) }];
  const digest = createHash('sha256')
    .update(JSON.stringify([component, components]))
    .digest();
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    version: 1,
    metadata: { component },
    components,
    dependencies,
  };
};

/** A UUID of version 8 (RFC 9562): a digest. */
const uuidOf = (digest: Buffer): string => {
  const bytes = digest.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};
