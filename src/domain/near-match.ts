/** Namespaces that a selector misses by a slip: a letter, another prefix, the right value under another key (issue 6, row 9). */
import type { LabelSelector, LabelSelectorRequirement } from '../api/v1alpha1/types.ts';
import { withinEdits } from './annotation.ts';
import { selectorMatches } from './selector.ts';

export interface LabelledNamespace {
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** One requirement that a namespace nearly meets. */
export interface NearMatch {
  namespace: string;
  /** The requirement: `inject=yes`, `team in (a,b)`, `!legacy`. */
  wanted: string;
  /** The label that nearly is it: `injekt=yes`. */
  found: string;
  /** In a few words. */
  why: string;
  /** What `kubectl label namespace` must be given to meet the requirement: `inject=yes`, or `legacy-` to take one away. */
  label: string;
}

/** What is wanted of a label, from matchLabels or matchExpressions. */
interface Want {
  key: string;
  /** The values that do; undefined: any. */
  values?: readonly string[];
  /** It is met by a label that is not there. */
  negative: boolean;
  text: string;
  single: LabelSelector;
}

interface Slip {
  /** The smaller, the likelier somebody meant this label. */
  rank: number;
  found: string;
  why: string;
}

/** Values that say no more than yes or no stand under many keys. */
const COMMON_VALUES = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'enabled', 'disabled', '1', '0']);
/** Kubernetes writes these by itself: nobody mistook them for another. */
const OWN_KEYS = /^(kubernetes\.io\/metadata\.name$|pod-security\.kubernetes\.io\/)/;
const SHORT = 4;
/** A prefix of fewer letters is chance. */
const MIN_PREFIX = 3;

/**
 * The namespaces that do not match but nearly do, the likeliest first; several entries of one namespace stand together, one
 * for each requirement that it misses. Namespaces that miss a requirement by more than a slip are left out.
 */
export function nearMatches(selector: LabelSelector, namespaces: readonly LabelledNamespace[]): NearMatch[] {
  const wants = wantsOf(selector);
  const keys = memo(wants, keySlip);
  const values = memo(wants, valueSlip);
  const near = namespaces.flatMap(({ name, labels }) => {
    const missed = wants.filter(({ single }) => !selectorMatches(single, labels));
    const slips = missed.flatMap((want) => {
      const slip = bestSlip(want, labels, keys, values);
      return slip === undefined ? [] : [{ want, slip }];
    });
    if (slips.length < missed.length) return [];
    const rank = slips.reduce((sum, { slip }) => sum + slip.rank, 0);
    const matches = slips.map(({ want, slip: { found, why } }): NearMatch => {
      return { namespace: name, wanted: want.text, found, why, label: labelFor(want) };
    });
    return [{ name, rank, matches }];
  });
  return near.toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1)).flatMap(({ matches }) => matches);
}

function wantsOf({ matchLabels = {}, matchExpressions = [] }: LabelSelector): Want[] {
  const pairs = Object.entries(matchLabels).map(([key, value]): Want => ({
    key,
    values: [value],
    negative: false,
    text: `${key}=${value}`,
    single: { matchLabels: { [key]: value } },
  }));
  return [...pairs, ...matchExpressions.map((requirement) => wantOf(requirement))];
}

function wantOf(requirement: LabelSelectorRequirement): Want {
  const { key, operator, values = [] } = requirement;
  const negative = operator === 'NotIn' || operator === 'DoesNotExist';
  const list = `(${values.join(',')})`;
  const text = { In: `${key} in ${list}`, NotIn: `${key} notin ${list}`, Exists: key, DoesNotExist: `!${key}` };
  return {
    key,
    ...(operator === 'In' && { values }),
    negative,
    text: text[operator],
    single: { matchExpressions: [requirement] },
  };
}

function labelFor({ key, values, negative }: Want): string {
  return negative ? `${key}-` : `${key}=${values?.[0] ?? 'true'}`;
}

type Judge = (want: Want, text: string) => Omit<Slip, 'found'> | undefined;

/** Thousands of namespaces share a few dozen labels: each is judged once. */
function memo(wants: readonly Want[], judge: Judge): Judge {
  const known = new Map(wants.map((want) => [want, new Map<string, ReturnType<Judge>>()]));
  return (want, text) => {
    const answers = known.get(want);
    if (answers?.has(text)) return answers.get(text);
    const answer = judge(want, text);
    answers?.set(text, answer);
    return answer;
  };
}

function bestSlip(want: Want, labels: LabelledNamespace['labels'], keys: Judge, values: Judge): Slip | undefined {
  const present = Object.hasOwn(labels, want.key) ? labels[want.key] : undefined;
  if (present !== undefined) {
    const found = `${want.key}=${present}`;
    if (want.negative) return { rank: 3, found, why: 'this label excludes it' };
    return { found, ...(values(want, present) ?? { rank: 2, why: 'the value is another one' }) };
  }
  const slips = Object.entries(labels).flatMap(([key, value]): Slip[] => {
    if (OWN_KEYS.test(key)) return [];
    const found = `${key}=${value}`;
    const slip = keys(want, key);
    const valueFits = want.values === undefined || want.values.includes(value);
    if (slip !== undefined) return [{ ...slip, found, rank: slip.rank + (valueFits ? 0 : 2) }];
    const telling = !COMMON_VALUES.has(value.toLowerCase()) || shareWord(want.key, key);
    return want.values !== undefined && valueFits && telling
      ? [{ rank: 4, found, why: 'the value stands under another key' }]
      : [];
  });
  return slips.toSorted((a, b) => a.rank - b.rank)[0];
}

function keySlip({ key }: Want, other: string): ReturnType<Judge> {
  if (misspelt(key, other)) return { rank: 0, why: 'the key is misspelt' };
  if (withoutPrefix(key) === withoutPrefix(other)) return { rank: 1, why: 'the key has another prefix' };
  return begins(key, other) ? { rank: 1, why: 'one key is the beginning of the other' } : undefined;
}

function withoutPrefix(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function valueSlip({ values = [] }: Want, other: string): ReturnType<Judge> {
  if (values.some((value) => misspelt(value, other))) return { rank: 0, why: 'the value is misspelt' };
  return values.some((value) => begins(value, other))
    ? { rank: 1, why: 'one value is the beginning of the other' }
    : undefined;
}

function misspelt(wanted: string, other: string): boolean {
  if (wanted.length > SHORT) return withinEdits(wanted, other, 2);
  // Two letters that changed places count as two edits.
  return withinEdits(wanted, other, letters(wanted) === letters(other) ? 2 : 1);
}

function letters(text: string): string {
  return text.split('').toSorted().join('');
}

function begins(one: string, other: string): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= MIN_PREFIX && long.startsWith(short);
}

function shareWord(one: string, other: string): boolean {
  const words = new Set(one.toLowerCase().split(/[^a-z0-9]+/));
  return other
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => word.length > 2 && words.has(word));
}
