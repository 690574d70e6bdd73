/**
 * `node --import file:///…/hook.ts?switch=NAME src/main.ts operator …`: an operator in which one rule of the protocol is left out.
 * It ends at once where the switch no longer fits the sources, and says so in its log when all of it is in.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { patched } from './patch.ts';
import { SWITCHED, SWITCHES } from './table.ts';

const name = new URL(import.meta.url).searchParams.get('switch');
const patches = SWITCHES.find((each) => each.name === name)?.patches;
if (patches === undefined) throw new Error(`there is no switch ${name}`);

const missing = new Set(patches);
registerHooks({
  load(url, context, nextLoad) {
    const wanted = patches.filter(({ file }) => url.endsWith(`/${file}`));
    const loaded = nextLoad(url, context);
    if (wanted.length === 0) return loaded;
    const source = patched(readFileSync(new URL(url), 'utf8'), wanted);
    for (const patch of wanted) missing.delete(patch);
    if (missing.size === 0) console.log(JSON.stringify({ level: 'info', message: SWITCHED, switch: name }));
    return { ...loaded, source };
  },
});
