/** What somebody probably meant to type. */
import { withinEdits } from '../domain/annotation.ts';

const MAX_EDITS = 2;

/** The known word that is nearest to the given one; undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  for (let edits = 0; edits <= MAX_EDITS; edits += 1) {
    // Words of few letters are all near to each other.
    const found = known.find((candidate) => candidate.length > 2 * edits && withinEdits(word, candidate, edits));
    if (found !== undefined) return found;
  }
  return word.length < 3 ? undefined : known.find((candidate) => candidate.startsWith(word));
}
