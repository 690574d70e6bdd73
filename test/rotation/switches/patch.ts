import type { Patch } from './table.ts';

/** The text with all patches in it. Throws where one does not fit exactly once: a switch that switches nothing must not stay unnoticed. */
export const patched = (text: string, patches: readonly Patch[]): string =>
  patches.reduce((result, { file, find, replace }) => {
    const places = result.split(find).length - 1;
    if (places !== 1) throw new Error(`the switch does not fit ${file}: ${places} times there: ${find}`);
    return result.replace(find, () => replace);
  }, text);
