/** docs/cli.md and the help texts speak of the same commands and flags, and every command line in them is a good one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { CLUSTER_OPTIONS, NAMESPACE_OPTION } from '../../src/cli/cluster.ts';
import type { Command } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { readOptions } from '../../src/cli/options.ts';

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../docs/cli.md'), 'utf8');
/** Told once, for all commands. */
const COMMON = new Set(Object.keys({ ...CLUSTER_OPTIONS, ...NAMESPACE_OPTION }));

const commands = new Map<string, Command>();
before(async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    if (load !== undefined) commands.set(name, (await load()).command);
  }
});

const sectionOf = (name: string): string =>
  new RegExp(`^## ${name}\n([^]*?)(?=^## |(?![^]))`, 'm').exec(PAGE)?.[1] ?? '';

/** The calls of this program in shell lines, as words; pipes and redirections end them. */
const callsIn = (lines: readonly string[]): string[][] =>
  lines
    .flatMap((line) => [...line.matchAll(/(?:^|[|(] ?)(?:kubectl )?(?:\$0|sidecar-injector) ([a-z][^|>#)\n]*)/g)])
    .map(([, words = '']) =>
      [...words.matchAll(/'[^']*'|"[^"]*"|\S+/g)].map(([word]) => word.replaceAll(/^['"]|['"]$/g, '')),
    );

const isGood = ([name = '', ...argv]: readonly string[]): void => {
  if (COMMANDS[name]?.load === undefined) return assert.ok(Object.hasOwn(COMMANDS, name), `no command ${name}`);
  const command = commands.get(name);
  assert.ok(command);
  readOptions(name, argv, command);
};

describe('docs/cli.md', () => {
  it('has a section for each command, which names its flags and no others', () => {
    const listed = [...PAGE.matchAll(/^## ([a-z]+)$/gm)].map(([, name]) => name);
    assert.deepEqual(new Set(listed), new Set(Object.keys(COMMANDS)));
    for (const [name, { options }] of commands) {
      const section = sectionOf(name);
      const missing = Object.keys(options).filter((flag) => {
        const { short } = options[flag] ?? {};
        const named = section.includes(`--${flag}`) || (short !== undefined && section.includes(`-${short}`));
        return !named && !COMMON.has(flag);
      });
      assert.deepEqual(missing, [], `flags of ${name}`);
      const tables = [...section.matchAll(/^\| `.*?`.*?\|/gm)].map(([row]) => row).join('\n');
      const unknown = [...tables.matchAll(/--([a-z][-a-z]*)/g)].map(([, flag = '']) => flag);
      assert.deepEqual(
        unknown.filter((flag) => !Object.hasOwn(options, flag)),
        [],
        `tables of ${name}`,
      );
    }
  });

  it('shows command lines that can be read', () => {
    const blocks = [...PAGE.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) => block.split('\n'));
    const calls = callsIn(blocks);
    assert.ok(calls.length >= 12, `${calls.length} calls were found`);
    for (const call of calls) isGood(call);
  });
});

describe('the help texts', () => {
  it('show examples that can be read', () => {
    for (const [name, { examples }] of commands) {
      const calls = callsIn(examples);
      assert.ok(calls.some(([command]) => command === name) || name === 'completion', `an example of ${name}`);
      for (const call of calls) isGood(call);
    }
  });

  it('keep to lines that fit', () => {
    for (const [name, { description, exitCodes }] of commands) {
      const long = [...description, ...exitCodes.split('\n')].filter((line) => line.length > 125);
      assert.deepEqual(long, [], name);
    }
  });
});
