/** Names with wildcards. */

/**
 * Whether the whole text matches the pattern, where `*` stands for any characters and `?` for one. Linear but for
 * restarts at the last star, so that no pattern is slow: length of text x length of pattern at most.
 */
export function globMatches(pattern: string, text: string): boolean {
  let [inPattern, inText] = [0, 0];
  let star: { inPattern: number; inText: number } | undefined;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = { inPattern, inText };
      inPattern += 1;
    } else if (wanted === '?' || wanted === text[inText]) {
      inPattern += 1;
      inText += 1;
    } else if (star !== undefined) {
      star.inText += 1;
      inPattern = star.inPattern + 1;
      inText = star.inText;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern += 1;
  return inPattern === pattern.length;
}
