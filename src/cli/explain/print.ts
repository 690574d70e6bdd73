/** An explanation for people. */
import { oneLine } from '../../domain/warnings.ts';
import type { Palette } from '../colour.ts';
import { type Cell, table } from '../table.ts';
import type { Explanation, InjectorExplanation } from './judge.ts';

const MAX_LINE = 1000;
const CHECK_WIDTH = 18;

export function printed({ subject, of, injectors }: Explanation, palette: Palette): string {
  const about = of === '' ? '' : `: the checks are those of ${of}`;
  const blocks = injectors.map((each) => block(each, palette));
  return [`${palette.strong(oneLine(subject, MAX_LINE))}${oneLine(about, MAX_LINE)}`, ...blocks].join('\n\n') + '\n';
}

/** Many explanations, a line for each injector of each. */
export function overviewOf(explanations: readonly Explanation[], palette: Palette): string {
  const rows = explanations.flatMap(({ subject, injectors }) =>
    injectors.map(({ injector, found, action, reason, message }): Cell[] => [
      subject,
      injector,
      found?.state ?? '-',
      { text: VERBS[action], style: styleOf(action, palette) },
      reason,
      message,
    ]),
  );
  return table(['OBJECT', 'INJECTOR', 'NOW', 'NEXT POD', 'REASON', 'MESSAGE'], rows);
}

const VERBS = { Inject: 'injected', Skip: 'not injected', Reject: 'refused', NotCalled: 'not injected' } as const;

function styleOf(action: InjectorExplanation['action'], palette: Palette): Palette['good'] {
  return { Inject: palette.good, Skip: palette.doubtful, Reject: palette.bad, NotCalled: palette.bad }[action];
}

function block(each: InjectorExplanation, palette: Palette): string {
  const { injector, found, action, reason, message, meaning, checks, warnings, advice } = each;
  const decided = checks.find(({ passed }) => !passed);
  const lines = [
    `${palette.strong(injector)}: ${styleOf(action, palette)(VERBS[action])} [reason=${reason}] ${message}`,
    ...(found === undefined ? [] : [`  this pod ${found.message}`]),
    ...checks.map((step) => {
      const mark = step.passed ? palette.good('✓') : palette.bad('✗');
      const line = `${step.check.padEnd(CHECK_WIDTH)} ${step.detail}`;
      return `  ${mark} ${step === decided || step.passed ? line : palette.faint(line)}`;
    }),
    ...(action === 'Inject' ? [] : [`  ${meaning}`]),
    ...warnings.map((warning) => `  ${palette.doubtful('warning')}: ${warning}`),
    ...advice.flatMap(({ text, command }) => [`  → ${text}`, ...(command === undefined ? [] : [`      ${command}`])]),
  ];
  return lines.map((line) => line.replaceAll(/[\n\r\t]+/g, ' ')).join('\n');
}
