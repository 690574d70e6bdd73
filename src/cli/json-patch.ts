/** JSON pointers, and the operations of a decision moved to where a pod lies in a larger object. */
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
