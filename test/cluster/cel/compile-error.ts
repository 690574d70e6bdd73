/**
 * The mistakes that @marcbachmann/cel-js finds in an expression, in the words and at the places of cel-go
 * (google/cel-go: checker/errors.go, parser/unescape.go, common/location.go; antlr4's texts for syntax).
 */
import { goRegExp } from './regexp.ts';

interface Node {
  op: string;
  args: unknown;
  start: number;
  end: number;
  checkedType?: { name: string };
}

/** What the package tells of a mistake. */
export interface Mistake {
  code: string;
  summary: string;
  node?: Node;
  range?: { start: number };
}

const operators: Record<string, string> = { in: '@in' };
const operands = `{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`;

/** Where cel-go sees a node: a call at its parenthesis, a selection at its point, an operator at its sign. */
function placeOf(source: string, { op, args, start }: Node): number {
  const [first, second] = Array.isArray(args) ? (args as [Node, Node]) : [];
  if (op === 'call') return source.indexOf('(', start);
  if (op === 'rcall') return source.indexOf('(', source.indexOf('.', second?.end ?? start));
  if (op === '.') return source.indexOf('.', first?.end ?? start);
  if (op === '[]') return source.indexOf('[', first?.end ?? start);
  if (op === '?:') return source.indexOf('?', first?.end ?? start);
  return /^\W+$|^in$/v.test(op) && first?.end !== undefined ? source.indexOf(op, first.end) : start;
}

function typeName(node: Node | undefined): string {
  return (node?.checkedType?.name ?? 'dyn')
    .replaceAll('<', '(')
    .replaceAll('>', ')')
    .replaceAll(/google\.protobuf\.(\w+)/gv, (_, name: string) => name.toLowerCase());
}

const typeNames = (nodes: Node[]): string => `(${nodes.map(typeName).join(', ')})`;

function describe(
  source: string,
  { code, summary, node, range }: Mistake,
  isFunction: (name: string) => boolean,
): [number, string] {
  const at = range?.start ?? node?.start ?? 0;
  const token = /^(?:\w+|.)?/sv.exec(source.slice(at))?.[0] ?? '';
  const found = token === '' ? '<EOF>' : token;
  if (code === 'expected_token' && summary.startsWith('Expected IDENTIFIER'))
    return [at, `Syntax error: no viable alternative at input '.${token}'`];
  const missing = { RPAREN: ')', RBRACKET: ']', RBRACE: '}' }[/^Expected (\w+)/v.exec(summary)?.[1] ?? ''];
  if (code === 'expected_token' && missing) return [at, `Syntax error: missing '${missing}' at '${found}'`];
  if (code === 'unexpected_token') return [at, `Syntax error: mismatched input '${found}' expecting ${operands}`];
  if (code === 'unexpected_character') return [at, `Syntax error: extraneous input '${found}' expecting <EOF>`];
  if (node === undefined) return [at, summary];
  const args = (Array.isArray(node.args) ? node.args : [node.args]) as Node[];
  const place = placeOf(source, node);
  const overload = (name: string, types: string): [number, string] => [
    place,
    `found no matching overload for '${name}' applied to '${types}'`,
  ];
  const undeclared = (name: string): string => `undeclared reference to '${name}' (in container '')`;
  const actual = /got '(.*)'/v.exec(summary)?.[1] ?? '';
  switch (code) {
    case 'unknown_variable':
      return [place, undeclared(String(node.args))];
    case 'no_such_key':
      return [place, `undefined field '${summary.replace('No such key: ', '')}'`];
    case 'cannot_index_type':
      return [place, `type '${typeName(args[0])}' does not support field selection`];
    case 'no_such_overload':
      return overload(node.op.endsWith('_') ? node.op : (operators[node.op] ?? `_${node.op}_`), typeNames(args));
    case 'invalid_index_type':
      return overload('_[_]', typeNames(args));
    case 'no_matching_overload': {
      const [name, second, third] = node.args as [string, Node | Node[], Node[] | undefined];
      if (!isFunction(name)) return [place, undeclared(name)];
      if (Array.isArray(second)) return overload(name, typeNames(second));
      return overload(name, `${typeName(second)}.${typeNames(third ?? [])}`);
    }
    case 'invalid_logical_operand': {
      const wrong = args.find((arg) => !['bool', 'dyn'].includes(typeName(arg)));
      return [wrong ? placeOf(source, wrong) : place, `expected type 'bool' but found '${typeName(wrong)}'`];
    }
    case 'invalid_condition_type':
      return [place, `expected type 'bool' but found '${actual}'`];
    case 'invalid_macro_argument':
      return [place, summary.replace(/^(\w+\(\)) invalid argument/v, 'invalid argument to $1 macro')];
    default:
      return [at, summary];
  }
}

/** The API server's text for a mistake. `isFunction` tells whether anything has that name. */
export function compilationError(source: string, mistake: Mistake, isFunction: (name: string) => boolean): Error {
  const [place, text] = describe(source, mistake, isFunction);
  return new Error(`compilation failed: ERROR: ${located(source, place, text)}`);
}

function located(source: string, place: number, text: string): string {
  const lines = source.slice(0, place).split('\n');
  const column = lines.at(-1)?.length ?? 0;
  const line = source.split('\n')[lines.length - 1] ?? '';
  return `<input>:${lines.length}:${column + 1}: ${text}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

const literals: Record<string, RegExp> = {
  duration: /^[+\-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/v,
  timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+\-]\d\d:\d\d)$/v,
};

function isRegExp(text: string): boolean {
  try {
    goRegExp(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * What the package lets pass: fields that has() asks for and no object has, and literal arguments that cannot be converted
 * (cel-go/cel/validator.go). `check` finds the mistake of a part of the expression.
 */
export function laterMistake(
  source: string,
  node: unknown,
  check: (part: string) => Mistake | undefined,
): Error | undefined {
  if (Array.isArray(node)) {
    for (const each of node) {
      const found = laterMistake(source, each, check);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof node !== 'object' || node === null || !('op' in node)) return undefined;
  const { op, args, start } = node as Node;
  if (op === 'call' || op === 'rcall') {
    const [name, ...rest] = args as [string, ...(Node | Node[])[]];
    const argument = (rest.at(-1) as Node[])[0];
    const text = argument?.op === 'value' && typeof argument.args === 'string' ? argument.args : undefined;
    const fits = name === 'matches' ? isRegExp : (value: string) => literals[name]?.test(value) ?? true;
    if (argument && text !== undefined && !fits(text))
      return new Error(`compilation failed: ERROR: ${located(source, argument.start, `invalid ${name} argument`)}`);
    const asked =
      name === 'has' && argument?.op === '.' ? check(source.slice(argument.start, argument.end)) : undefined;
    if (asked?.code === 'no_such_key') {
      const what = `undefined field '${asked.summary.replace('No such key: ', '')}'`;
      return new Error(`compilation failed: ERROR: ${located(source, source.indexOf('(', start), what)}`);
    }
  }
  return laterMistake(source, Array.isArray(args) ? args : [args], check);
}
