/** How everything that is run by Node is made into one file. */
import type { BuildOptions } from 'esbuild';

/** Goes before the first import: the CommonJS packages in a bundle call require() for Node's own modules. */
export const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

export const BUNDLE = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
  banner: { js: REQUIRE },
} as const satisfies BuildOptions;
