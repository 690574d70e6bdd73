/** The documents of the inputs: their text, which passes through, and the objects in it. */
import type { Source } from '../inputs.ts';
import { isBlank, parsePart, splitDocuments, valueOf } from '../yaml/documents.ts';
import { type Located, objectsOf } from './pod-places.ts';

export interface Manifest {
  /** File and number of the document, for messages. */
  source: string;
  /** The file alone. */
  file: string;
  text: string;
  value: unknown;
  objects: readonly Located[];
}

/** @throws SI6003 for what is not YAML */
export function manifestsOf(sources: readonly Source[]): Manifest[] {
  return sources.flatMap(({ name, text }) => {
    const parts = splitDocuments(text);
    const filled = parts.filter((part) => !isBlank(part)).length;
    return parts.map((part, index): Manifest => {
      const source = filled > 1 ? `${name}#${index + 1}` : name;
      const value = isBlank(part) ? undefined : valueOf(source, parsePart(source, part));
      return { source, file: name, text: part, value, objects: objectsOf(value) };
    });
  });
}
