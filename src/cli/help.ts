/** The texts of --help. */
import type { Command } from './command.ts';
import type { Option } from './options.ts';

/** How to use one command. */
export function commandHelp(program: string, name: string, command: Command): string {
  const examples = command.examples.map((example) => `  ${example.replaceAll('$0', program)}`);
  return [
    `Usage: ${program} ${name} ${command.usage}`,
    '',
    ...command.description.map((line) => line.replaceAll('$0', program)),
    '',
    examples.length === 1 ? 'Example:' : 'Examples:',
    ...examples,
    '',
    ...(Object.keys(command.options).length === 0 ? [] : ['Flags:', ...optionLines(command.options), '']),
    `Exit codes: ${command.exitCodes}.`,
    '',
  ].join('\n');
}

export interface Listed {
  /** Commands of one group stand together. */
  group: string;
  /** What the command does, in a line. */
  summary: string;
}

/** All commands, by group. */
export function overview(program: string, commands: Readonly<Record<string, Listed>>): string {
  const names = Object.keys(commands);
  const width = Math.max(...names.map((name) => name.length));
  const groups = [...new Set(Object.values(commands).map(({ group }) => group))];
  const sections = groups.flatMap((group) => [
    `${group}:`,
    ...Object.entries(commands)
      .filter(([, command]) => command.group === group)
      .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ]);
  return [
    'Injects sidecars into pods, as SidecarInjector objects say, and shows why and why not.',
    '',
    ...sections,
    `Usage: ${program} COMMAND [flags]`,
    `\`${program} COMMAND --help\` shows the flags and examples of a command.`,
    '',
  ].join('\n');
}

function optionLines(options: Record<string, Option>): string[] {
  return Object.entries(options).flatMap(([name, { value, alone, short, help }]) => [
    `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : alone === undefined ? ` ${value}` : `[=${value}]`}`,
    `        ${help}`,
  ]);
}
