/**
 * Loaded into the operator before its own code: its wall clock is off by `?offset=` milliseconds from the start. On SIGUSR2 it is off
 * by as many as its file says, which is `?clocks=` with the number of its process behind; and the heap is swept, so that what is
 * measured after that is what is really held.
 */
import { readFileSync } from 'node:fs';

const parameters = new URL(import.meta.url).searchParams;
const files = parameters.get('clocks') ?? '';
const Real = Date;
let offset = Number(parameters.get('offset') ?? 0);

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
  offset = Number(readFileSync(`${files}${process.pid}`, 'utf8'));
  globalThis.gc?.();
});
