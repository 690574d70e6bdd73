/** Bundles the operator into one file: what the image carries, and what starts three times faster than node_modules. */
import { build } from 'esbuild';
import { chmodSync, readFileSync } from 'node:fs';
import { BUNDLE, REQUIRE } from './bundle.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** An older Node would end with a line of the bundle, which is very long. */
const GUARD =
  "if (Number(process.versions.node.split('.')[0]) < 24) { console.error(`sidecar-injector needs Node.js 24 or newer, and this is ${process.version}`); process.exit(1); }";

await build({
  ...BUNDLE,
  entryPoints: { 'sidecar-injector': 'src/main.ts' },
  outdir: 'dist',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  define: { 'process.env.SIDECAR_INJECTOR_VERSION': JSON.stringify(version) },
  banner: { js: ['#!/usr/bin/env node', GUARD, REQUIRE].join('\n') },
});

// kubectl takes for a plugin only what can be executed.
chmodSync('dist/sidecar-injector.js', 0o755);
