/**
 * YAML as kubectl reads it (sigs.k8s.io/yaml on yaml.v2): version 1.1, so that `yes` is a boolean and 0644 is octal, but
 * without its timestamps, sexagesimal numbers and collections. Integers of 64 bits keep their digits.
 */
import { type Document, parseDocument, type ScalarTag, type Tags } from 'yaml';
import type { JsonObject } from '../../api/v1alpha1/types.ts';
import { isObject, setMember } from '../../domain/json.ts';
import { operatorError } from '../../errors.ts';

export type YamlDocument = Document.Parsed;

/** Kinds of values that JSON does not have, or that yaml.v2 does not read in this way. */
const FOREIGN_TAGS = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp']);

function isOurs(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return !FOREIGN_TAGS.has(tag);
  const isSexagesimal = 'format' in tag && tag.format === 'TIME';
  return !FOREIGN_TAGS.has(tag.tag.replace('tag:yaml.org,2002:', '')) && !isSexagesimal;
}

/** Integers as strconv.ParseInt of Go reads them and YAML 1.1 does not; written back as they came. */
const GO_OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  // The format is how the package finds this one among the tags for integers when it writes.
  format: 'GO_OCTAL',
  identify: (value) => typeof value === 'bigint',
  test: /^[-+]?0o[0-7]+$/,
  resolve: (text) => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.replace('+', ''))),
  stringify: ({ source, value }) => source ?? String(value),
};

/** A text cut before each line that begins a document (`---`). Joined, the parts are the text. */
export function splitDocuments(text: string): string[] {
  return text.split(/^(?=---(?:[ \t\r\n]|$))/m);
}

const NOTHING = /^\uFEFF?(?:[ \t]*(?:#.*)?|%.*|(?:---|\.\.\.)[ \t]*(?:#.*)?)$/u;

/** Whether a part is comments, blank lines, directives and markers alone: there is no object in it. */
export function isBlank(part: string): boolean {
  return part.split(/\r?\n/).every((line) => NOTHING.test(line));
}

/**
 * Parses one document.
 *
 * @throws SI6003 when it is not YAML or has a key twice
 */
export function parsePart(source: string, part: string): YamlDocument {
  const document = parseDocument(part, {
    version: '1.1',
    customTags: (tags) => [...tags.filter((tag) => isOurs(tag)), GO_OCTAL],
    intAsBigInt: true,
    logLevel: 'error',
  });
  const [error] = document.errors;
  if (error !== undefined) {
    throw operatorError('SI6003', { source, detail: (error.message.split('\n')[0] ?? '').replace(/:$/, '') });
  }
  return document;
}

/** How many aliases a document may resolve: a bomb of them is refused, a manifest is not. */
const MAX_ALIASES = 10_000;

/** The document as JSON, its integers as bigint where `exact`, as numbers otherwise. */
export function valueOf(source: string, document: YamlDocument, exact = false): unknown {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return exact ? value : withNumbers(value);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw operatorError('SI6003', { source, detail }, { cause });
  }
}

function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map((item) => withNumbers(item));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) setMember(copy, key, withNumbers(item));
  return copy;
}
