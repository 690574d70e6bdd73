/** Applies the operations of a decision to JSON, and moves them to where a pod lies in a larger object. */
import type { JsonObject } from '../api/v1alpha1/types.ts';
import { isObject, member, setMember } from '../domain/json.ts';
import { type Operation, type Path, pointer } from '../domain/patch.ts';

/** The steps of a JSON pointer (RFC 6901). */
export function stepsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The operations with their paths below `base`. */
export function moved(operations: readonly Operation[], base: Path): Operation[] {
  return operations.map((operation) => ({ ...operation, path: pointer(base) + operation.path }));
}

/** A copy of `root` with the operations applied. Throws a RangeError for a path that does not exist. */
export function applied(root: unknown, operations: readonly Operation[]): unknown {
  return operations.reduce((value, { op, path, value: added }) => written(value, stepsOf(path), op, added), root);
}

function written(node: unknown, steps: readonly string[], op: Operation['op'], value: unknown): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (Array.isArray(node)) {
    const index = step === '-' ? node.length : Number(step);
    if (!(index <= node.length)) throw new RangeError(`there is no item ${step}`);
    if (rest.length > 0) return node.with(index, written(node[index], rest, op, value));
    return op === 'add' ? node.toSpliced(index, 0, value) : node.with(index, value);
  }
  if (!isObject(node)) throw new RangeError(`nothing holds ${step}`);
  const copy: JsonObject = { ...node };
  setMember(copy, step, rest.length === 0 ? value : written(member(node, step), rest, op, value));
  return copy;
}
