/** Colour for a terminal, and for nothing else. */
import { styleText } from 'node:util';
import type { Io } from './command.ts';

export type Paint = (text: string) => string;

export interface Palette {
  good: Paint;
  bad: Paint;
  doubtful: Paint;
  faint: Paint;
  strong: Paint;
}

type Format = Parameters<typeof styleText>[0];

/** Paints when standard output is a terminal that can, and NO_COLOR (no-color.org) is not set. */
export function paletteOf({ stdout, env }: Pick<Io, 'stdout' | 'env'>): Palette {
  const plain = stdout.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  const paint =
    (format: Format): Paint =>
    (text) =>
      plain ? text : styleText(format, text, { validateStream: false });
  return {
    good: paint('green'),
    bad: paint('red'),
    doubtful: paint('yellow'),
    faint: paint('dim'),
    strong: paint('bold'),
  };
}
