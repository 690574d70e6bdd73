/** Tables as kubectl prints them (k8s.io/cli-runtime/pkg/printers/tabwriter.go). */
import { oneLine } from '../domain/warnings.ts';

/** A cell that is coloured keeps its width. */
export interface StyledCell {
  text: string;
  style: (text: string) => string;
}

export type Cell = string | StyledCell;

const PADDING = 3;
/** With its padding no column is narrower. */
const MIN_WIDTH = 6;
const MAX_CELL = 2000;

/** Lines of columns, the header in capitals as it is given; the last column is not padded. Empty without rows' header too. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map((cell) => styled(cell)));
  const widths = header.map((_, column) =>
    Math.max(MIN_WIDTH, PADDING + Math.max(...lines.map((line) => lengthOf(line[column]?.text ?? '')))),
  );
  return lines
    .map((line) => {
      const cells = line.map(({ text, style }, column) =>
        column === line.length - 1 ? style(text) : style(text) + ' '.repeat((widths[column] ?? 0) - lengthOf(text)),
      );
      return `${cells.join('').trimEnd()}\n`;
    })
    .join('');
}

function styled(cell: Cell): StyledCell {
  const { text, style } = typeof cell === 'string' ? { text: cell, style: (same: string) => same } : cell;
  // Names and messages of others must not break the table, or write to the terminal what they like.
  return { text: oneLine(text, MAX_CELL), style };
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
