/** JSON Patch (RFC 6902) for documents: no speed is needed here, and a library that others use is the best witness. */
import jsonPatch from 'fast-json-patch';
import { applyOperations } from '../domain/apply.ts';
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

/**
 * A copy of the document with the operations applied. Copied by structuredClone, as the library's own copy goes through
 * JSON text, which has no bigint: exact integers are bigint here.
 *
 * @throws Error when an operation does not apply
 */
export function patched(document: unknown, operations: readonly Operation[]): unknown {
  const copy = structuredClone(document);
  const patch = structuredClone(operations) as Operation[];
  if (patch.some(namesPrototype)) return applyOperations(copy, patch);
  // It validates each operation.
  return jsonPatch.applyPatch<unknown>(copy, patch, true).newDocument;
}

/** To us a label of such a name is a label like any other; the library takes it for an attack and refuses it. */
function namesPrototype({ path }: Operation): boolean {
  return stepsOf(path).some((step) => step === '__proto__' || step === 'prototype');
}
