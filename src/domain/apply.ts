/**
 * Applies our own JSON Patch (RFC 6902) as strictly as the API server does, reading nothing but the operations' texts. What
 * an operation does not touch is shared with the document that was given, which stays as it is; so the cost is that of
 * the patch and not of the document.
 */
import { Copies } from './copies.ts';
import { isObject, setMember } from './json.ts';
import type { Operation } from './patch.ts';

/** @throws Error when an operation does not apply. */
export function applyOperations(document: unknown, operations: readonly Operation[]): unknown {
  const copies = new Copies();
  let result = document;
  for (const operation of operations) {
    const steps = operation.path.split('/');
    if (steps[0] !== '' || steps.length === 1) throw new Error(`not a path into an object: ${operation.path}`);
    result = applied(result, steps, 1, operation, copies);
  }
  return result;
}

function unescaped(step: string): string {
  if (!step.includes('~')) return step;
  if (/~(?![01])/.test(step)) throw new Error(`not a JSON pointer: ${step}`);
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

function applied(
  node: unknown,
  steps: readonly string[],
  depth: number,
  operation: Operation,
  copies: Copies,
): unknown {
  const step = unescaped(steps[depth] ?? '');
  const isLast = depth === steps.length - 1;
  if (Array.isArray(node)) {
    const isEnd = step === '-' && isLast && operation.op === 'add';
    const index = isEnd ? node.length : indexOf(step);
    const limit = isLast && operation.op === 'add' ? node.length : node.length - 1;
    if (index > limit) throw new Error(`no item ${step} for ${operation.path}`);
    const items = copies.writable(node as unknown[]);
    if (!isLast) items[index] = applied(items[index], steps, depth + 1, operation, copies);
    else items.splice(index, operation.op === 'add' ? 0 : 1, operation.value);
    return items;
  }
  if (!isObject(node)) throw new Error(`nothing to hold ${step} of ${operation.path}`);
  const present = Object.hasOwn(node, step);
  if (!present && !(isLast && operation.op === 'add')) throw new Error(`no member ${step} for ${operation.path}`);
  const copy = copies.writable(node);
  setMember(copy, step, isLast ? operation.value : applied(node[step], steps, depth + 1, operation, copies));
  return copy;
}

function indexOf(step: string): number {
  if (!/^(?:0|[1-9]\d{0,8})$/.test(step)) throw new Error(`${step} is no index of an array`);
  return Number(step);
}
