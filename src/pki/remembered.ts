/** Results that are asked for again and again, and cost much: what a text says does not change. */

/**
 * The function, with its last results remembered by their text; the one that was made first is forgotten first. What `make` throws is
 * not remembered.
 *
 * @param limit how many are remembered at most
 */
export function remembered<T>(limit: number, make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const made = make(text);
    const [first] = known.keys();
    if (known.size >= limit && first !== undefined) known.delete(first);
    known.set(text, made);
    return made;
  };
}
