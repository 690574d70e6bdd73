/** A few words to say what JSON must look like; each gives what is wrong, with the path. */
import { isObject } from '../domain/json.ts';

/** What is wrong with the value at the path, a line each. */
export type Rule = (value: unknown, path: string) => string[];

const wrong = (path: string, text: string): string[] => [`${path || '(root)'}: ${text}`];

export const anything: Rule = () => [];

export const boolean: Rule = (value, path) => (typeof value === 'boolean' ? [] : wrong(path, 'must be a boolean'));

export function text({
  pattern,
  min = 0,
  max = Infinity,
}: { pattern?: RegExp; min?: number; max?: number } = {}): Rule {
  return (value, path) => {
    if (typeof value === 'boolean' || typeof value === 'number') return wrong(path, `must be a string: quote ${value}`);
    if (typeof value !== 'string') return wrong(path, 'must be a string');
    if (value.length < min || value.length > max) return wrong(path, `must be ${min} to ${max} characters long`);
    return pattern === undefined || pattern.test(value)
      ? []
      : wrong(path, `${JSON.stringify(value)} must match ${pattern.source}`);
  };
}

export function integer(min: number, max: number): Rule {
  return (value, path) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? []
      : wrong(path, `must be a whole number from ${min} to ${max}`);
}

export function choice(...words: string[]): Rule {
  return (value, path) =>
    words.some((word) => word === value)
      ? []
      : wrong(path, `must be one of ${words.join(', ')}, not ${JSON.stringify(value)}`);
}

export function list(item: Rule): Rule {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((entry, index) => item(entry, `${path}[${index}]`))
      : wrong(path, 'must be a list');
}

export function map(item: Rule): Rule {
  return (value, path) =>
    isObject(value)
      ? Object.entries(value).flatMap(([key, entry]) => item(entry, `${path}.${key}`))
      : wrong(path, 'must be a map');
}

/** `open`: other fields may be there, too. A member that is undefined counts as absent. */
export function object(
  members: Record<string, Rule>,
  required: string[] = [],
  more: 'closed' | 'open' = 'closed',
): Rule {
  return (value, path) => {
    if (!isObject(value)) return wrong(path, 'must be a map');
    const join = (key: string): string => (path === '' ? key : `${path}.${key}`);
    const present = Object.entries(value).filter(([, entry]) => entry !== undefined);
    const missing = required.filter((key) => !present.some(([name]) => name === key));
    return [
      ...missing.flatMap((key) => wrong(join(key), 'is required')),
      ...present.flatMap(([key, entry]) => {
        const rule = Object.hasOwn(members, key) ? members[key] : undefined;
        if (rule !== undefined) return rule(entry, join(key));
        return more === 'open' ? [] : wrong(join(key), 'unknown field');
      }),
    ];
  };
}
