/** Links of the documentation lead somewhere, and tests that it names exist. */
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { REPOSITORY } from '../e2e/support/manifests.ts';
import { PAGES, readPage } from './pages.ts';

interface Link {
  page: string;
  text: string;
  /** Below the repository's root. */
  file: string;
  anchor: string;
}

const withoutCode = (markdown: string): string => markdown.replaceAll(/^ *```[^]*?^ *```$/gm, '');

const linksOf = (page: string): Link[] =>
  [...withoutCode(readPage(page)).matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].flatMap(([, text = '', target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [relative = '', anchor = ''] = target.split('#');
    const file = relative === '' ? page : path.join(path.dirname(page), relative);
    return [{ page, text: text.replaceAll('`', '').replaceAll(/\s+/g, ' '), file, anchor }];
  });

/** Anchors as GitHub makes them of headings. */
const anchorsOf = (page: string): Set<string> =>
  new Set(
    [...withoutCode(readPage(page)).matchAll(/^#+ +(.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

const LINKS = PAGES.flatMap(linksOf);

test('every link leads to a file, and its anchor to a heading', () => {
  assert.ok(LINKS.length > 50, `${LINKS.length} links were found`);
  const broken = LINKS.filter(({ file, anchor }) => {
    if (!existsSync(path.join(REPOSITORY, file))) return true;
    return anchor !== '' && !(file.endsWith('.md') && anchorsOf(file).has(anchor));
  });
  assert.deepEqual(
    broken.map(({ page, file, anchor }) => `${page}: ${file}#${anchor}`),
    [],
  );
});

test('every page of docs/ can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached) {
    for (const { file } of LINKS.filter((link) => link.page === page)) {
      const pages = PAGES.filter(
        (one) => one === file || (isFolder(file) && path.dirname(one) === path.normalize(file)),
      );
      for (const one of pages) reached.add(one);
    }
  }
  assert.deepEqual(
    PAGES.filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});

const isFolder = (file: string): boolean => {
  const absolute = path.join(REPOSITORY, file);
  return existsSync(absolute) && statSync(absolute).isDirectory();
};

test('a link to a file of tests bears the name of one of them', () => {
  const tests = LINKS.filter(({ file, text }) => file.endsWith('.test.ts') && !file.endsWith(text));
  const missing = tests.filter(
    ({ file, text }) => existsSync(path.join(REPOSITORY, file)) && !readPage(file).includes(text),
  );
  assert.deepEqual(
    missing.map(({ page, text, file }) => `${page}: ${text} in ${file}`),
    [],
  );
});
