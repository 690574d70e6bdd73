/** Columns as pkg/printers/internalversion/printers.go makes them, and the times in their cells. */
import type { Column, JsonObject, KubeObject } from '../types.ts';
import { part } from '../validation.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** duration.HumanDuration of k8s.io/apimachinery/pkg/util/duration: at most two units, coarser as time passes. */
export function humanDuration(milliseconds: number): string {
  const whole = (unit: number, of = milliseconds): number => Math.floor(of / unit);
  const two = (unit: number, letter: string, small: number, smallLetter: string): string => {
    const rest = whole(small, milliseconds % unit);
    return `${whole(unit)}${letter}${rest > 0 ? `${rest}${smallLetter}` : ''}`;
  };
  if (milliseconds <= -2 * SECOND) return '<invalid>';
  if (milliseconds < 0) return '0s';
  if (milliseconds < 2 * MINUTE) return `${whole(SECOND)}s`;
  if (milliseconds < 10 * MINUTE) return two(MINUTE, 'm', SECOND, 's');
  if (milliseconds < 3 * HOUR) return `${whole(MINUTE)}m`;
  if (milliseconds < 8 * HOUR) return two(HOUR, 'h', MINUTE, 'm');
  if (milliseconds < 2 * DAY) return `${whole(HOUR)}h`;
  if (milliseconds < 8 * DAY) return two(DAY, 'd', HOUR, 'h');
  if (milliseconds < 730 * DAY) return `${whole(DAY)}d`;
  if (milliseconds < 8 * 365 * DAY) return two(365 * DAY, 'y', DAY, 'd');
  return `${whole(365 * DAY)}y`;
}

/** translateTimestampSince */
export function age(timestamp: unknown, now: Date): string {
  return typeof timestamp === 'string' ? humanDuration(now.getTime() - Date.parse(timestamp)) : '<unknown>';
}

type Cell = (object: KubeObject, now: Date) => unknown;

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  value: (object) => object.metadata.name,
};
export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  value: (object, now) => age(object.metadata.creationTimestamp, now),
};

/** A column between Name and Age. */
export function column(name: string, value: Cell, type = 'string'): Column {
  return { name, type, value };
}
/** A column that only `-o wide` shows. */
export function wideColumn(name: string, value: Cell): Column {
  return { name, type: 'string', priority: 1, value };
}

/** What kubectl shows of an unset text. */
export function orNone(value: unknown): unknown {
  return value === undefined || value === null || value === '' ? '<none>' : value;
}

/** metav1.FormatLabelSelector for the cells that show a selector; `<none>` when it is empty or missing. */
export function selectorText(matchLabels: Record<string, string> | undefined): string {
  const pairs = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length > 0 ? pairs.toSorted().join(',') : '<none>';
}

/** What `-o wide` shows of a pod template and of the selector that finds its pods. */
export function templateColumns(
  template: (object: KubeObject) => JsonObject,
  selector?: (object: KubeObject) => string,
): Column[] {
  const of = (object: KubeObject, key: string): string =>
    ((part(template(object), 'spec')['containers'] ?? []) as JsonObject[]).map((container) => container[key]).join(',');
  return [
    wideColumn('Containers', (object) => of(object, 'name')),
    wideColumn('Images', (object) => of(object, 'image')),
    ...(selector ? [wideColumn('Selector', selector)] : []),
  ];
}
