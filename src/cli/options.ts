/** The flags of a command: read all at once, and all that is wrong with them is said at once. */
import { parseArgs } from 'node:util';
import { operatorError } from '../errors.ts';

export interface Option {
  /** What its value is, for the help text; a flag without one is on or off. */
  value?: string;
  short?: string;
  help: string;
}

export interface Given {
  /** The values of an option in their order; empty when it was not given. */
  all(name: string): string[];
  /** The last value, or the fallback. */
  one(name: string, fallback: string): string;
  on(name: string): boolean;
}

/**
 * Reads the arguments of a command; undefined when help is asked for.
 *
 * @throws SI6001 with every problem; `check` may add its own
 */
export function readOptions(
  command: string,
  argv: string[],
  options: Record<string, Option>,
  check: (given: Given) => string[] = () => [],
): Given | undefined {
  const { tokens } = parseArgs({ args: argv, strict: false, tokens: true, options: forParser(options) });
  const values = new Map<string, string[]>();
  const problems: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') problems.push(`unexpected argument ${JSON.stringify(token.value)}`);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (token.name === 'help') help = true;
    else if (option === undefined) problems.push(`unknown flag ${token.rawName}`);
    else if (option.value !== undefined && !token.value) problems.push(`${token.rawName} needs a value`);
    else if (option.value === undefined && token.value !== undefined) problems.push(`${token.rawName} takes no value`);
    else values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? '']);
  }
  if (help) return undefined;
  const given: Given = {
    all: (name) => values.get(name) ?? [],
    one: (name, fallback) => values.get(name)?.at(-1) ?? fallback,
    on: (name) => values.has(name),
  };
  problems.push(...check(given));
  if (problems.length > 0) throw operatorError('SI6001', { command, problems: problems.join('; ') });
  return given;
}

function forParser(options: Record<string, Option>): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const described = Object.entries(options).map(
    ([name, { value, short }]) =>
      [name, { type: value === undefined ? 'boolean' : 'string', ...(short !== undefined && { short }) }] as const,
  );
  return { ...Object.fromEntries(described), help: { type: 'boolean', short: 'h' } };
}

/** The flags as lines of a help text. */
export function optionLines(options: Record<string, Option>): string[] {
  return Object.entries(options).flatMap(([name, { value, short, help }]) => [
    `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
    `        ${help}`,
  ]);
}
