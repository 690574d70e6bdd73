/**
 * JSON pointers (RFC 6901) with two additions: a segment may be `*`, for every key or element, or `[key=value]`, for the
 * elements that have such a field; the key of such a filter may be dotted.
 */

import { isObject, mapEntries, own } from './json.ts';

type Segments = readonly string[];

const segmentsOf = (pointer: string): Segments =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));

const matches = (segment: string | undefined, key: string, value: unknown): boolean => {
  if (segment === undefined) return false;
  if (segment === '*') return true;
  const [, dotted, wanted] = /^\[([^=\]]+)=(.*)\]$/.exec(segment) ?? [];
  if (dotted === undefined) return segment === key;
  return String(dotted.split('.').reduce(own, value)) === wanted;
};

/** What follows the first segment in those of the pointers that go through this child. */
const through = (pointers: readonly Segments[], key: string, value: unknown): Segments[] =>
  pointers.filter((segments) => matches(segments[0], key, value)).map((segments) => segments.slice(1));

/** Makes the value anew; `child` gives the new child, or undefined to leave it out. */
const rebuild = (value: unknown, child: (key: string, value: unknown) => unknown): unknown => {
  if (Array.isArray(value)) {
    return value.map((element, index) => child(String(index), element)).filter((element) => element !== undefined);
  }
  if (!isObject(value)) return undefined;
  return mapEntries(value, (key, element) => {
    const made = child(key, element);
    return made === undefined ? undefined : [key, made];
  });
};

/** The value that the pointer leads to, the first one if there are several; undefined when it leads nowhere. */
export const getPointer = (value: unknown, pointer: string): unknown =>
  segmentsOf(pointer).reduce<unknown>(
    (current, segment) =>
      Array.isArray(current)
        ? current.find((element, index) => matches(segment, String(index), element))
        : own(current, segment),
    value,
  );

/** Only the parts of the value that the pointers select. */
export const keepOnly = (value: unknown, pointers: readonly string[]): unknown => {
  const keep = (current: unknown, left: readonly Segments[]): unknown => {
    if (left.some((segments) => segments.length === 0)) return current;
    return rebuild(current, (key, child) => {
      const rest = through(left, key, child);
      return rest.length === 0 ? undefined : keep(child, rest);
    });
  };
  return keep(value, pointers.map(segmentsOf));
};

/** The value without the parts that the pointers select. */
export const dropPaths = (value: unknown, pointers: readonly string[]): unknown => {
  const drop = (current: unknown, left: readonly Segments[]): unknown => {
    if (left.length === 0 || current === null || typeof current !== 'object') return current;
    return rebuild(current, (key, child) => {
      const rest = through(left, key, child);
      return rest.some((segments) => segments.length === 0) ? undefined : drop(child, rest);
    });
  };
  return drop(value, pointers.map(segmentsOf));
};
