/**
 * Loaded into the operator before its own code, with a file's name in `?clock=`: on SIGUSR2 its wall clock jumps by as many
 * milliseconds as the file says, and its heap is swept, so that what is measured after that is what is really held.
 */
import { readFileSync } from 'node:fs';

const file = new URL(import.meta.url).searchParams.get('clock') ?? '';
const Real = Date;
let offset = 0;

class Shifted extends Real {
  constructor(...parts: [] | [string | number | Date]) {
    super(...((parts.length === 0 ? [Real.now() + offset] : parts) as [number]));
  }

  static override now(): number {
    return Real.now() + offset;
  }
}
globalThis.Date = Shifted as DateConstructor;

process.on('SIGUSR2', () => {
  offset = Number(readFileSync(file, 'utf8'));
  globalThis.gc?.();
});
