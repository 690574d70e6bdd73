/** The house rules that a compiler does not know: which way imports point (DESIGN 6), and how long a file may be. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What each part may import besides itself. */
const ALLOWED: Record<string, string[]> = {
  api: [],
  'errors.ts': [],
  'version.ts': [],
  domain: ['api'],
  pki: ['api', 'domain', 'errors.ts'],
  observe: ['api', 'domain', 'errors.ts', 'version.ts'],
  kube: ['api', 'domain', 'errors.ts', 'version.ts', 'observe'],
  runtime: ['api', 'domain', 'errors.ts', 'observe', 'kube'],
  controllers: ['api', 'domain', 'errors.ts', 'pki', 'observe', 'kube', 'runtime'],
  admission: ['api', 'domain', 'errors.ts', 'pki', 'observe', 'kube', 'runtime'],
  cli: ['api', 'domain', 'errors.ts', 'version.ts', 'pki', 'observe', 'kube', 'runtime'],
  'config.ts': ['errors.ts'],
};

/** Packages that only one place may know, so that it can be replaced there. */
const PACKAGES: Record<string, string[]> = {
  '@kubernetes/client-node': ['src/kube/'],
  undici: ['src/kube/'],
  'p-retry': ['src/kube/'],
  winston: ['src/observe/'],
  'prom-client': ['src/observe/'],
  yaml: ['src/cli/'],
  'node-forge': ['src/pki/'],
  express: ['src/admission/'],
};

const sources = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT }).filter((file) => !file.includes('node_modules'));

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(path.join(ROOT, file), 'utf8').matchAll(
      /^(?:import|export)\b[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/gm,
    ),
  ].map(([, from, dynamic]) => from ?? dynamic ?? '');

/** The part of src that a file belongs to: its folder, or the file itself. */
const partOf = (file: string): string => path.relative('src', file).split(path.sep)[0] ?? '';

const product = sources('src/**/*.ts').filter((file) => !file.endsWith('.test.ts'));

describe('the layers of src', () => {
  it('are read from the imports there are', () => {
    assert.ok(importsOf('src/kube/client.ts').includes('../errors.ts'));
    assert.ok(importsOf('src/kube/connection.ts').includes('undici'));
    assert.ok(product.length > 50);
  });

  it('are all listed here', () => {
    const parts = new Set(product.map(partOf));
    parts.delete('main.ts');
    assert.deepEqual(
      [...parts].filter((part) => !Object.hasOwn(ALLOWED, part)),
      [],
    );
  });

  it('import one way only', () => {
    const wrong = product.flatMap((file) => {
      const part = partOf(file);
      if (part === 'main.ts') return [];
      return importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => path.join(path.dirname(file), name))
        .filter((target) => target !== 'package.json')
        .map((target) => (target.startsWith('src') ? partOf(target) : target))
        .filter((target) => target !== part && !ALLOWED[part]?.includes(target))
        .map((target) => `${file} imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('keep each package to its place', () => {
    const wrong = product.flatMap((file) =>
      importsOf(file)
        .filter((name) => PACKAGES[name]?.every((place) => !file.startsWith(place)))
        .map((name) => `${file} imports ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('never import what is for tests', () => {
    const wrong = product.filter((file) => importsOf(file).some((name) => /\.test\.ts$|(^|\/)test\//.test(name)));
    assert.deepEqual(wrong, []);
  });
});

describe('files', () => {
  it('are at most 400 lines long', () => {
    const long = [...sources('src/**/*.ts'), ...sources('test/**/*.ts'), ...sources('hack/**/*.ts')]
      .map((file) => ({ file, lines: readFileSync(path.join(ROOT, file), 'utf8').split('\n').length - 1 }))
      .filter(({ lines }) => lines > 400);
    assert.deepEqual(long, []);
  });

  it('of the product have a median of about 90 lines', () => {
    const lengths = product
      .map((file) => readFileSync(path.join(ROOT, file), 'utf8').split('\n').length)
      .sort((a, b) => a - b);
    const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
    assert.ok(median <= 130, `the median is ${median}`);
  });
});
