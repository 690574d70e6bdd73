/** Writes docs/errors.md from the catalogue of errors. `node hack/errors-doc.ts`; with `--check` it writes nothing. A test fails when the page is not up to date. */

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE } from '../src/errors.ts';

const CHAPTERS: [prefix: string, title: string][] = [
  ['SI10', 'Start and configuration'],
  ['SI20', 'The API server'],
  ['SI21', 'Leadership'],
  ['SI3', 'Certificates'],
  ['SI4', 'Objects that the operator owns'],
  ['SI5', 'Admission requests'],
];

const RETRY = {
  backoff: 'The operator tries again, later and later.',
  after: 'The operator tries again at a known time.',
  never: 'Something must be changed first.',
};

/** The whole page. */
export const errorsPage = (): string => {
  const lines = [
    '# Errors',
    '',
    'Every error of the operator has a code that stays. Logs carry it as `code`, with the causes below it; conditions and',
    'Events carry the message. This page is made from `src/errors.ts` by `hack/errors-doc.ts`.',
  ];
  for (const [prefix, title] of CHAPTERS) {
    lines.push('', `## ${title}`);
    for (const [code, { message, fix, retry }] of Object.entries(CATALOGUE)) {
      if (!code.startsWith(prefix)) continue;
      lines.push(
        '',
        `### ${code}`,
        '',
        `> ${message.replaceAll(/\{(\w+)\}/g, '`$1`')}`,
        '',
        fix,
        '',
        `_${RETRY[retry]}_`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
};

if (import.meta.main) {
  const file = path.resolve(import.meta.dirname, '../docs/errors.md');
  if (!process.argv.includes('--check')) writeFileSync(file, errorsPage());
  else if (readFileSync(file, 'utf8') !== errorsPage())
    throw new Error('docs/errors.md is out of date; run: node hack/errors-doc.ts');
}
