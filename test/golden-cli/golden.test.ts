/**
 * What the commands print, word for word: one case for each reason code and feature. UPDATE_GOLDEN=1 writes the files
 * anew; read their diff.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { REASON_CODES } from '../../src/domain/reasons.ts';
import { cli } from '../support/cli.ts';
import { type Case, CASES } from './cases.ts';

const FOLDER = import.meta.dirname;
const fileOf = (name: string): string => path.join(FOLDER, 'out', `${name}.txt`);
/** Without where the tests lie, and without the digests, which change with whatever belongs to a template. */
const settled = (text: string): string =>
  text
    .replaceAll(`a${FOLDER}/`, 'a/')
    .replaceAll(`b${FOLDER}/`, 'b/')
    .replaceAll(`${FOLDER}/`, '')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '<revision>');

const located = (argv: readonly string[]): string[] =>
  argv.map((word) => (word.startsWith('in/') ? path.join(FOLDER, word) : word));

async function printed({ argv, stdin, from }: Case): Promise<string> {
  const input = from === undefined ? stdin : (await cli(located(from))).stdout;
  const { code, stdout, stderr } = await cli(located(argv), input);
  const command = `$ sidecar-injector ${argv.join(' ')}`;
  return settled(`${command}\nexit code ${code}\n--- stdout\n${stdout}--- stderr\n${stderr}`);
}

describe('the commands', () => {
  for (const golden of CASES) {
    it(golden.name, async () => {
      const actual = await printed(golden);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(fileOf(golden.name), actual);
      assert.equal(actual, readFileSync(fileOf(golden.name), 'utf8'));
    });
  }
});

describe('the golden files', () => {
  it('belong to a case each, and every input is used', () => {
    assert.deepEqual(readdirSync(path.join(FOLDER, 'out')).sort(), CASES.map(({ name }) => `${name}.txt`).sort());
    const used = new Set(CASES.flatMap(({ argv }) => argv.filter((word) => word.startsWith('in/'))));
    assert.deepEqual(
      readdirSync(path.join(FOLDER, 'in')).filter((file) => !used.has(`in/${file}`)),
      [],
    );
  });

  it('show every reason that an offline run can have', () => {
    const text = CASES.map(({ name }) => readFileSync(fileOf(name), 'utf8')).join('');
    const silent = ['injected', 'not_pod_creation', 'unknown_injector'];
    const missing = [...REASON_CODES, 'namespace_unknown'].filter((code) => !text.includes(`[reason=${code}]`));
    assert.deepEqual(missing, silent);
  });
});
