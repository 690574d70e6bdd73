/** The machine-readable forms of what a command found. */
import { stringify } from 'yaml';
import type { Option } from './options.ts';

/** `-o` of a command; the first format is the default, which the command prints by itself. */
export function outputOption(...formats: readonly [string, ...string[]]): Option {
  const [first, ...others] = formats;
  const all = [`${first} (default)`, ...others];
  const help = `${all.slice(0, -1).join(', ')} or ${all.at(-1) ?? ''}`;
  return { short: 'o', value: 'FORMAT', oneOf: formats, help };
}

/** A value as JSON or YAML text; YAML as kubectl reads it, 1.1. */
export function machineReadable(format: 'json' | 'yaml', value: unknown): string {
  return format === 'json'
    ? `${JSON.stringify(value, undefined, 4)}\n`
    : stringify(value, { lineWidth: 0, version: '1.1' });
}
