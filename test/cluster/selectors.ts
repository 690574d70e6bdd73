/** Label and field selectors, as text (query parameters) and as objects (metav1.LabelSelector). */
import { badRequest, fieldErrorBody } from './status.ts';
import type { FieldError } from './types.ts';
import { isQualifiedName, isValidLabelValue } from './validation.ts';

export type Labels = Record<string, string>;
type Operator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

export interface LabelRequirement {
  key: string;
  operator: Operator;
  values: string[];
}

export interface FieldRequirement {
  field: string;
  equal: boolean;
  value: string;
}

/** metav1.LabelSelector. Null or undefined selects nothing, an empty one everything. */
export interface LabelSelector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

interface Token {
  kind: 'identifier' | 'symbol' | 'end' | 'error';
  text: string;
}

const SYMBOLS = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'];
const KEYWORDS = ['in', 'notin'];
const BINARY: Record<string, Operator> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  for (let rest = text.trimStart(); rest !== ''; rest = rest.trimStart()) {
    const symbol = SYMBOLS.find((each) => rest.startsWith(each));
    const literal = symbol ?? /^[^=!(),<>\s]+/.exec(rest)?.[0] ?? rest;
    tokens.push({ kind: symbol === undefined ? 'identifier' : 'symbol', text: literal });
    rest = rest.slice(literal.length);
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function requirement(key: string, operator: Operator, values: string[]): LabelRequirement {
  const errors: FieldError[] = [];
  if (operator === 'gt' || operator === 'lt')
    for (const [index, value] of values.entries())
      if (!/^[+-]?\d+$/.test(value))
        errors.push({
          type: 'Invalid',
          field: `values[${index}]`,
          value,
          detail: "for 'Gt', 'Lt' operators, the value must be an integer",
        });
  for (const [index, value] of values.entries()) {
    const wrong = isValidLabelValue(value);
    if (wrong.length > 0)
      errors.push({ type: 'Invalid', field: `values[${index}][${key}]`, value, detail: wrong.join('; ') });
  }
  if (errors.length > 0) {
    const texts = errors.map((error) => `${error.field}: ${fieldErrorBody(error)}`);
    throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
  }
  return { key, operator, values };
}

/** The recursive descent of k8s.io/apimachinery/pkg/labels/selector.go, with its messages. */
class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = scan(text);
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  parse(): LabelRequirement[] {
    const found: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return found;
      if (token.kind !== 'identifier' && token.text !== '!')
        throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      try {
        found.push(this.#requirement());
      } catch (error) {
        throw new Error(`unable to parse requirement: ${(error as Error).message}`, { cause: error });
      }
      const after = this.#next();
      if (after.kind === 'end') return found;
      if (after.text !== ',') throw new Error(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following.kind !== 'identifier' && following.text !== '!')
        throw new Error(`found '${following.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#next();
    const negated = token.text === '!';
    if (negated) token = this.#next();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    const wrong = isQualifiedName(token.text);
    if (wrong.length > 0)
      throw new Error(
        `<nil>: ${fieldErrorBody({ type: 'Invalid', field: '', value: token.text, detail: wrong.join('; ') })}`,
      );
    if (negated) return requirement(token.text, '!', []);
    const after = this.#peek();
    if (after.kind === 'end' || after.text === ',') return requirement(token.text, 'exists', []);
    const symbol = this.#next().text;
    const operator = Object.hasOwn(BINARY, symbol) ? BINARY[symbol] : undefined;
    if (operator === undefined) throw new Error(`found '${symbol}', expected: in, notin, =, ==, !=, gt, lt`);
    return requirement(token.text, operator, KEYWORDS.includes(operator) ? this.#set() : [this.#exact()]);
  }

  #exact(): string {
    const token = this.#peek();
    if (token.kind === 'end' || token.text === ',') return '';
    this.#next();
    if (token.kind !== 'identifier') throw new Error(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  #set(): string[] {
    const open = this.#next();
    if (open.text !== '(') throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind !== 'identifier' && first.text !== ',' && first.text !== ')')
      throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = new Set<string>();
    let empty = true;
    for (;;) {
      const token = this.#next();
      if (token.text === ')' || token.text === ',') {
        if (empty) values.add('');
        if (token.text === ')') return [...values].sort();
        empty = true;
      } else if (token.kind === 'identifier') {
        values.add(token.text);
        empty = false;
        const after = this.#peek();
        if (after.text !== ',' && after.text !== ')') throw new Error(`found '${after.text}', expected: ',' or ')'`);
      } else throw new Error(`found '${token.text}', expected: ',', or identifier`);
    }
  }
}

function holds(requirement: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      const [left, right] = [BigInt(value), BigInt(requirement.values[0] ?? '0')];
      return requirement.operator === 'gt' ? left > right : left < right;
    }
    default:
      return requirement.operator satisfies never;
  }
}

/** Parses the text of `labelSelector`. @throws StatusError 400 with the API server's message. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  try {
    return new Parser(text).parse();
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** True when the labels fulfil all requirements. */
export function requirementsMatch(requirements: LabelRequirement[], labels: Labels | undefined): boolean {
  return requirements.every((each) => holds(each, labels ?? {}));
}

const OBJECT_OPERATORS: Record<string, Operator> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/** True when the object form selects the labels. No selector selects nothing, an empty one everything. */
export function labelSelectorMatches(selector: LabelSelector | null | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  const own = labels ?? {};
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (!Object.hasOwn(own, key) || own[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
    const known = Object.hasOwn(OBJECT_OPERATORS, operator) ? OBJECT_OPERATORS[operator] : undefined;
    if (known === undefined) throw new Error(`"${operator}" is not a valid label selector operator`);
    return holds({ key, operator: known, values: values ?? [] }, own);
  });
}

function unescape(value: string): string {
  const bare = /(?<!\\)(?:\\\\)*[,=]/.exec(value);
  if (bare !== null)
    throw badRequest(`invalid field selector: unescaped character in value: ${bare[0].charCodeAt(bare[0].length - 1)}`);
  return value.replaceAll(/\\(.?)/gs, (sequence: string, escaped: string) => {
    if (escaped === '' || !'\\,='.includes(escaped))
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    return escaped;
  });
}

/** Parses the text of `fieldSelector` (k8s.io/apimachinery/pkg/fields). @throws StatusError 400. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const found: FieldRequirement[] = [];
  for (const term of text.match(/(?:\\.?|[^,\\])+/gs) ?? []) {
    const parts = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (parts === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    found.push({ field: parts[1] ?? '', equal: parts[2] !== '!=', value: unescape(parts[3] ?? '') });
  }
  return found;
}

/**
 * Refuses fields that the resource does not index. `extra` are its selectable fields beyond name and namespace.
 * Texts: k8s.io/apimachinery/pkg/runtime/conversion.go and the conversions of the types with fields of their own.
 * @throws StatusError 400.
 */
export function requireKnownFields(requirements: FieldRequirement[], extra: string[]): void {
  for (const { field } of requirements) {
    if (field === 'metadata.name' || field === 'metadata.namespace' || extra.includes(field)) continue;
    throw badRequest(
      extra.length === 0
        ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
        : `field label not supported: ${field}`,
    );
  }
}

/** True when all requirements hold; `valueOf` gives an object's field, '' when absent. */
export function fieldSelectorMatches(requirements: FieldRequirement[], valueOf: (field: string) => string): boolean {
  return requirements.every(({ field, equal, value }) => (valueOf(field) === value) === equal);
}
