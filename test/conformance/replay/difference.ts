/** The structural difference of two JSON values, one short line each: `~` differs, `-` missing, `+` unexpected. */

import { brief, isObject, own } from './json.ts';

/** `subset`: the actual value may have fields and elements beyond the expected ones, in any order. */
export type Strictness = 'exact' | 'subset';

const member = (at: string, key: string): string =>
  /^\w+$/.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`;

const hasName = (value: unknown): boolean => isObject(value) && Object.hasOwn(value, 'name');

const equalLength = (expected: unknown[], actual: unknown[], at: string): string[] => {
  const lines: string[] = [];
  for (let index = 0; index < Math.max(expected.length, actual.length); index++) {
    const place = `${at}[${index}]`;
    if (index >= actual.length) lines.push(`- ${place}: missing ${brief(expected[index])}`);
    else if (index >= expected.length) lines.push(`+ ${place}: unexpected ${brief(actual[index])}`);
    else lines.push(...difference(expected[index], actual[index], 'exact', place));
  }
  return lines;
};

const containsNamed = (expected: unknown[], actual: unknown[], at: string): string[] =>
  expected.flatMap((element) => {
    const name = own(element, 'name');
    const place = `${at}[name=${String(name)}]`;
    const candidates = actual.filter((candidate) => own(candidate, 'name') === name);
    if (candidates.length === 0) return [`- ${place}: missing`];
    const differences = candidates.map((candidate) => difference(element, candidate, 'subset', place));
    return differences.some((lines) => lines.length === 0) ? [] : (differences[0] ?? []);
  });

const contains = (expected: unknown[], actual: unknown[], at: string): string[] => {
  if (expected.every(hasName) && actual.every(hasName)) return containsNamed(expected, actual, at);
  return expected.flatMap((element, index) => {
    const place = `${at}[${index}]`;
    if (actual.some((candidate) => difference(element, candidate, 'subset').length === 0)) return [];
    return actual.length === expected.length
      ? difference(element, actual[index], 'subset', place)
      : [`- ${place}: no element matches ${brief(element)}`];
  });
};

/** Empty when the actual value is as expected. `at` names the place in the lines. */
export const difference = (expected: unknown, actual: unknown, strictness: Strictness, at = 'body'): string[] => {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return strictness === 'exact' ? equalLength(expected, actual, at) : contains(expected, actual, at);
  }
  if (isObject(expected) && isObject(actual)) {
    const lines = Object.keys(expected).flatMap((key) =>
      Object.hasOwn(actual, key)
        ? difference(expected[key], actual[key], strictness, member(at, key))
        : [`- ${member(at, key)}: missing ${brief(expected[key])}`],
    );
    if (strictness === 'subset') return lines;
    const surplus = Object.keys(actual).filter((key) => !Object.hasOwn(expected, key));
    return [...lines, ...surplus.map((key) => `+ ${member(at, key)}: unexpected ${brief(actual[key])}`)];
  }
  return Object.is(expected, actual) ? [] : [`~ ${at}: expected ${brief(expected)}, got ${brief(actual)}`];
};
