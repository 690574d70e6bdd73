/**
 * `node --import file:///…/hook.ts?scene=SCENE&switch=NAME src/main.ts operator …`: an operator in which a step of the protocol is
 * left out.
 * It ends at once where the switch no longer fits the sources, and says so in its log when all of it is in.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { patched } from './patch.ts';
import { patchesOf, SWITCHED } from './table.ts';

const { searchParams } = new URL(import.meta.url);
const patches = patchesOf(searchParams.get('scene'), searchParams.get('switch'));

const missing = new Set(patches);
registerHooks({
  load(url, context, nextLoad) {
    const wanted = patches.filter(({ file }) => url.endsWith(`/${file}`));
    const loaded = nextLoad(url, context);
    if (wanted.length === 0) return loaded;
    const source = patched(readFileSync(new URL(url), 'utf8'), wanted);
    for (const patch of wanted) missing.delete(patch);
    if (missing.size === 0) console.log(JSON.stringify({ level: 'info', message: SWITCHED }));
    return { ...loaded, source };
  },
});
