/** An explanation for people. */
import { oneLine } from '../../domain/warnings.ts';
import type { Palette } from '../colour.ts';
import type { Explanation, InjectorExplanation } from './judge.ts';

const MAX_LINE = 1000;
const CHECK_WIDTH = 18;

export function printed({ subject, of, injectors }: Explanation, palette: Palette): string {
  const about = of === '' ? '' : `: the checks are those of ${of}`;
  const blocks = injectors.map((each) => block(each, palette));
  return [`${palette.strong(oneLine(subject, MAX_LINE))}${oneLine(about, MAX_LINE)}`, ...blocks].join('\n\n') + '\n';
}

function block(each: InjectorExplanation, palette: Palette): string {
  const { injector, found, action, reason, message, meaning, checks, warnings, advice } = each;
  const style = { Inject: palette.good, Skip: palette.doubtful, Reject: palette.bad, NotCalled: palette.bad }[action];
  const verb = { Inject: 'injected', Skip: 'not injected', Reject: 'refused', NotCalled: 'not injected' }[action];
  const decided = checks.find(({ passed }) => !passed);
  const lines = [
    `${palette.strong(injector)}: ${style(verb)} [reason=${reason}] ${message}`,
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
