/** apiserver/pkg/endpoints/filters/warning.go: characters that all warnings of an answer may have before each is cut. */
const TOTAL = 4096;
const CUT = 256;

/** The `Warning` headers of an answer: each text once, none with control characters, cut when they are too long together. */
export function warningHeaders(warnings: string[]): string[] {
  const texts = [...new Set(warnings)].filter((text) => text !== '' && !/\p{Cc}/v.test(text));
  const lengths = (of: string[]): number => of.reduce((sum, text) => sum + Array.from(text).length, 0);
  let kept = texts;
  if (lengths(texts) > TOTAL) {
    let written = 0;
    const cut = texts.map((text) => Array.from(text).slice(0, CUT).join(''));
    // Those that came before the limit was passed are repeated in full number, later ones only while there is room.
    const before = texts.findIndex((_, index) => lengths(texts.slice(0, index + 1)) > TOTAL) + 1;
    kept = cut.filter((text, index) => {
      if (index >= before && written >= TOTAL) return false;
      written += Array.from(text).length;
      return true;
    });
  }
  const headers = kept.map((text) => `299 - "${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
  // Go writes the bytes of the text as they are (net/http); Node writes a byte for each character, and none beyond U+00FF.
  return headers.map((header) => Buffer.from(header).toString('latin1'));
}
