/**
 * What can come next on a command line, in the protocol by which kubectl asks its plugins and shells ask us
 * (cobra's `__complete`): a line for each word, with a tab before its description, and at last a colon and a directive.
 */
import { RESOURCES } from '../../kube/resources.ts';
import { contextNames, namesOf } from '../cluster.ts';
import type { Command, Io } from '../command.ts';
import { COMMANDS } from '../commands.ts';
import { type Given, type Option, readLeniently } from '../options.ts';

/** The hidden command. */
export const COMPLETE = '__complete';

/** ShellCompDirectiveDefault: where nothing is offered, files are. */
const FILES = 0;
/** ShellCompDirectiveNoFileComp. */
const NO_FILES = 4;
/** Nobody waits longer for a word. */
const TIMEOUT = '--request-timeout=3s';

interface Candidate {
  word: string;
  about?: string;
}

interface Offer {
  candidates: readonly Candidate[];
  files?: true;
}

/** @param argv the words so far; the last is the one that is being typed, perhaps empty */
export async function completions(argv: readonly string[], io: Io): Promise<string> {
  const partial = argv.at(-1) ?? '';
  // A cluster that does not answer is no reason to spoil the line that is being typed.
  const { candidates, files } = await offer(argv.slice(0, -1), partial, io).catch((): Offer => ({ candidates: [] }));
  const lines = candidates
    .filter(({ word }) => word.startsWith(partial))
    .map(({ word, about }) => (about === undefined ? word : `${word}\t${about}`));
  return [...lines, `:${files === true ? FILES : NO_FILES}`, ''].join('\n');
}

async function offer([name, ...rest]: readonly string[], partial: string, io: Io): Promise<Offer> {
  const commands = Object.entries(COMMANDS).map(([word, { summary }]) => ({ word, about: summary }));
  if (name === undefined || name === 'help') {
    return {
      candidates: name === undefined ? [...commands, { word: 'help', about: 'Show how to use a command' }] : commands,
    };
  }
  const command = Object.hasOwn(COMMANDS, name) ? (await COMMANDS[name]?.load?.())?.command : undefined;
  if (command === undefined) return { candidates: [] };
  const given = (words: readonly string[]): Given => readLeniently([TIMEOUT, ...words], command.options);
  const awaited = optionNamed(rest.at(-1) ?? '', command.options);
  if (awaited?.value !== undefined) return valueOffer(awaited, given(rest.slice(0, -1)), io, '');
  const [flag = '', value] = partial.startsWith('--') ? partial.split('=', 2) : [];
  if (value !== undefined) {
    const option = optionNamed(flag, command.options);
    return option === undefined ? { candidates: [] } : valueOffer(option, given(rest), io, `${flag}=`);
  }
  if (partial.startsWith('-')) return { candidates: flags(command) };
  const words = (await command.complete?.(io, given(rest), partial)) ?? [];
  return { candidates: words.map((word) => ({ word })) };
}

function optionNamed(word: string, options: Record<string, Option>): Option | undefined {
  return Object.entries(options).find(([name, { short }]) => word === `--${name}` || word === `-${short}`)?.[1];
}

function flags({ options }: Command): Candidate[] {
  const named = Object.entries(options).map(([name, { help }]) => ({ word: `--${name}`, about: help }));
  return [...named, { word: '--help', about: 'how to use the command' }];
}

async function valueOffer({ oneOf, names }: Option, given: Given, io: Io, prefix: string): Promise<Offer> {
  if (names === 'file') return { candidates: [], files: true };
  const values =
    oneOf ??
    (names === 'namespace'
      ? await namesOf(io, given, RESOURCES.namespaces)
      : names === 'context'
        ? contextNames(given)
        : []);
  return { candidates: values.map((value) => ({ word: `${prefix}${value}` })) };
}
