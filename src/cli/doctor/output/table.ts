/** What people read: the checks by category, with a sign each, and below those that failed what to do. */
import { oneLine } from '../../../domain/warnings.ts';
import type { Palette } from '../../colour.ts';
import { CATEGORIES, count, problemsOf, worst, type Problem, type Result, type State } from '../check.ts';

const SIGNS: Record<State, string> = { ok: '√', warn: '‼', fail: '×', skip: '-' };
const MOST_PROBLEMS = 10;
const MAX_LINE = 2000;

type Paint = (text: string) => string;

function paintOf(state: State, { good, bad, doubtful, faint }: Palette): Paint {
  return { ok: good, warn: doubtful, fail: bad, skip: faint }[state];
}

/** Names and messages are of others: one line each, and nothing that steers a terminal. */
const plain = (text: string): string => oneLine(text, MAX_LINE);

function problemLines({ state, about, message, evidence, fix }: Problem, palette: Palette): string[] {
  return [
    `    ${paintOf(state, palette)(plain(about))}: ${plain(message)}`,
    ...(evidence ? [`      seen: ${palette.faint(plain(evidence))}`] : []),
    `      fix:  ${palette.strong(plain(fix))}`,
  ];
}

function resultLines(result: Result, palette: Palette): string[] {
  const { id, title, state } = result;
  const sign = paintOf(state, palette)(SIGNS[state]);
  const rest =
    state === 'ok' ? ` (${plain(result.message)})` : state === 'skip' ? `: skipped, ${plain(result.reason)}` : '';
  const problems = problemsOf(result);
  const left = problems.length - MOST_PROBLEMS;
  return [
    `${sign} ${id} ${title}${palette.faint(rest)}`,
    ...problems.slice(0, MOST_PROBLEMS).flatMap((problem) => problemLines(problem, palette)),
    ...(left > 0 ? [`    and ${left} more: -o json shows all`] : []),
  ];
}

/** `34 ok, 1 warning, 2 failed, 3 skipped`. */
export function summary(results: readonly Result[]): string {
  const number = (state: State): number => results.filter((result) => result.state === state).length;
  return `${number('ok')} ok, ${count(number('warn'), 'warning')}, ${number('fail')} failed, ${number('skip')} skipped`;
}

export function asTable(results: readonly Result[], palette: Palette): string {
  const sections = CATEGORIES.flatMap((category) => {
    const own = results.filter((result) => result.category === category);
    if (own.length === 0) return [];
    const lines = own.flatMap((result) => resultLines(result, palette));
    return [palette.strong(category), '-'.repeat(category.length), ...lines, ''];
  });
  const state = worst(results);
  const end = `${paintOf(state, palette)(SIGNS[state])} ${summary(results)}`;
  return `${[...sections, end].join('\n')}\n`;
}
