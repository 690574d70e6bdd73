/** The part of JSONPath that printer columns, scale and selectable fields use (client-go/util/jsonpath). */
import { isObject } from './structural.ts';

type Step = (value: unknown) => unknown[];

/** Compiles '.spec.size', '.a[0].b', `.status.conditions[?(@.type=="Ready")].status`, '..name'. @throws Error when it cannot be read. */
export function jsonPath(path: string): (value: unknown) => unknown[] {
  const steps: Step[] = [];
  let rest = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  while (rest !== '') {
    const [text, step] = readStep(rest);
    steps.push(step);
    rest = rest.slice(text.length);
  }
  return (value) => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value]);
}

function readStep(text: string): [string, Step] {
  const name = /^\.?((?:\\.|[^.[\]\\*])+)/.exec(text);
  if (name !== null) return [name[0], field((name[1] ?? '').replaceAll(/\\(.)/g, '$1'))];
  const quoted = /^\.?\[['"]((?:\\.|[^'"\\])*)['"]\]/.exec(text);
  if (quoted !== null) return [quoted[0], field((quoted[1] ?? '').replaceAll(/\\(.)/g, '$1'))];
  const index = /^\[(-?\d+)\]/.exec(text);
  if (index !== null) return [index[0], (value) => (Array.isArray(value) ? present(value.at(Number(index[1]))) : [])];
  const all = /^(?:\.\*|\[\*\])/.exec(text);
  if (all !== null)
    return [all[0], (value) => (typeof value === 'object' && value !== null ? Object.values(value) : [])];
  const filter = /^\[\?\(\s*@(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*\)\]/.exec(text);
  if (filter !== null) return [filter[0], filterStep(filter[1] ?? '', filter[2] ?? '', filter[3] ?? '')];
  if (text === '.') return [text, (value) => [value]];
  throw new Error(`unrecognized path ${JSON.stringify(text)}`);
}

function field(name: string): Step {
  return (value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []);
}

function present(value: unknown): unknown[] {
  return value === undefined ? [] : [value];
}

function filterStep(path: string, operator: string, literal: string): Step {
  const read = jsonPath(path);
  const wanted: unknown = /^['"]/.test(literal) ? literal.slice(1, -1) : (JSON.parse(literal) as unknown);
  const compare = (value: unknown): boolean => {
    if (operator === '==') return value === wanted;
    if (operator === '!=') return value !== wanted;
    const [a, b] = [value as number, wanted as number];
    return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b;
  };
  return (value) => (Array.isArray(value) ? value.filter((item) => read(item).some(compare)) : []);
}
