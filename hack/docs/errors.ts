/** docs/errors.md, made of the catalogue of errors. */

import { CATALOGUE } from '../../src/errors.ts';

const CHAPTERS: [prefix: string, title: string][] = [
  ['SI10', 'Start and configuration'],
  ['SI20', 'The API server'],
  ['SI21', 'Leadership'],
  ['SI3', 'Certificates'],
  ['SI4', 'Objects that the operator owns'],
  ['SI5', 'Admission requests'],
  ['SI6', 'Commands without a cluster'],
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
    'Events carry the message. This page is made from `src/errors.ts` by `make generate`.',
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
