/** The flags and words of a command: read all at once, and all that is wrong with them is said at once. */
import { parseArgs } from 'node:util';
import { parseBoolean } from '../domain/annotation.ts';
import { operatorError } from '../errors.ts';
import { nearest } from './nearest.ts';

export interface Option {
  /** What its value is, for the help text; a flag without one is on or off. */
  value?: string;
  /** What it means without a value, which then can only follow `=`: `--wait` and `--wait=30`. */
  alone?: string;
  /** The values that it can have, where they are few. */
  oneOf?: readonly string[];
  /** What its value names, for completion. */
  names?: 'namespace' | 'context' | 'file';
  short?: string;
  help: string;
}

export interface Given {
  /** What is no flag, in its order. */
  readonly words: readonly string[];
  /** The values of an option in their order; empty when it was not given. */
  all(name: string): string[];
  /** The last value, or the fallback. */
  one(name: string, fallback: string): string;
  on(name: string): boolean;
}

/** What of a command is needed to read its command line. */
export interface Grammar {
  options: Record<string, Option>;
  words?: { min: number; max: number };
  check?(given: Given): string[];
}

interface Reading {
  given: Given;
  help: boolean;
  problems: string[];
}

/**
 * Reads the arguments of a command; undefined when help is asked for.
 *
 * @throws SI6001 with every problem; `check` may add its own
 */
export function readOptions(command: string, argv: readonly string[], grammar: Grammar): Given | undefined {
  const { given, help, problems } = read(argv, grammar.options);
  if (help) return undefined;
  problems.push(...wordProblems(given.words, grammar.words), ...(grammar.check?.(given) ?? []));
  if (problems.length > 0) throw operatorError('SI6001', { command, problems: problems.join('; ') });
  return given;
}

/** Reads what there is of a command line, whatever is wrong with it: for completion. */
export function readLeniently(argv: readonly string[], options: Record<string, Option>): Given {
  return read(argv, options).given;
}

function read(argv: readonly string[], options: Record<string, Option>): Reading {
  const { tokens } = parseArgs({ args: [...argv], strict: false, tokens: true, options: forParser(options) });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  const problems: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    // `-o=json`, as kubectl takes it: to Node the sign is a part of the value.
    if (token.inlineValue === true && !token.rawName.startsWith('--')) token.value = token.value.replace(/^=/, '');
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    const problem = option === undefined ? unknownFlag(token, options) : problemOf(option, token);
    if (token.name === 'help') help = true;
    else if (problem !== undefined) problems.push(problem);
    else values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? option?.alone ?? 'true']);
  }
  const given: Given = {
    words,
    all: (name) => values.get(name) ?? [],
    one: (name, fallback) => values.get(name)?.at(-1) ?? fallback,
    on: (name) => parseBoolean(values.get(name)?.at(-1) ?? 'false') ?? true,
  };
  return { given, help, problems };
}

interface Token {
  rawName: string;
  value?: string | undefined;
}

function problemOf({ value, oneOf, alone }: Option, token: Token): string | undefined {
  if (value === undefined) {
    const isBoolean = token.value === undefined || parseBoolean(token.value) !== undefined;
    return isBoolean ? undefined : `${token.rawName} takes true or false, or no value`;
  }
  if (alone !== undefined && token.value === undefined) return undefined;
  if (!token.value) return `${token.rawName} needs a value`;
  return oneOf === undefined || oneOf.includes(token.value)
    ? undefined
    : `${token.rawName} must be one of ${oneOf.join(', ')}`;
}

function unknownFlag({ rawName }: Token, options: Record<string, Option>): string {
  const meant = nearest(rawName.replace(/^-+/, ''), [...Object.keys(options), 'help']);
  return `unknown flag ${rawName}${meant === undefined || !rawName.startsWith('--') ? '' : `, did you mean --${meant}?`}`;
}

function wordProblems(words: readonly string[], { min, max } = { min: 0, max: 0 }): string[] {
  const extra = words.slice(max).map((word) => `unexpected argument ${JSON.stringify(word)}`);
  return words.length < min ? [`an argument is missing: ${min} needed, ${words.length} given`] : extra;
}

function forParser(options: Record<string, Option>): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const described = Object.entries(options).map(
    ([name, { value, short, alone }]) =>
      [
        name,
        {
          type: value === undefined || alone !== undefined ? 'boolean' : 'string',
          ...(short !== undefined && { short }),
        },
      ] as const,
  );
  return { ...Object.fromEntries(described), help: { type: 'boolean', short: 'h' } };
}
