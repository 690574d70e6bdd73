/**
 * The code blocks of a page, in order. What follows the language in a fence says how a block is run:
 *
 *     ```sh                   commands; all must succeed
 *     ```sh exits=4           the last one ends with 4
 *     ```console              commands after `$ `, and below each what it prints; `...` stands for any lines, `…` for any text
 *     ```yaml                 objects; they are applied, and injectors in mode Enforce must become Ready
 *     ```yaml file=app.yaml   is only written to that file, for commands further down
 *     ```yaml refused=TEXT    the API server must refuse it, with that text (of one word)
 *     ```LANGUAGE no-run: why not run
 *
 * Blocks of other languages are not run. An HTML comment that begins with `test:` holds commands that readers need not see.
 */

export interface Block {
  language: string;
  /** Of `key=value` in the fence, and `no-run` with its reason. */
  options: Record<string, string>;
  text: string;
  /** Of the first line of its text, from 1. */
  line: number;
}

const FENCE = /^(?<indent> *)```(?<language>[a-z]*) *(?<info>.*)$/;
const COMMENT = /^<!-- test: *(?<first>.*)$/;

function optionsOf(info: string): Record<string, string> {
  const reason = /^no-run: *(.+)$/.exec(info)?.[1];
  if (reason !== undefined) return { 'no-run': reason };
  const words = info.split(' ').filter((word) => word !== '');
  return Object.fromEntries(words.map((word) => [word.split('=', 1)[0] ?? '', word.replace(/^[^=]*=?/, '')]));
}

/** Where a block that begins in `lines[start]` ends. */
function endOf(lines: readonly string[], start: number, isEnd: (line: string) => boolean): number {
  const end = lines.findIndex((line, index) => index >= start && isEnd(line));
  if (end < 0) throw new Error(`the block of line ${start} has no end`);
  return end;
}

/** Fenced blocks, hidden commands, and code that is only indented, which is taken for commands. */
export function blocksOf(page: string): Block[] {
  const lines = page.split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const fence = FENCE.exec(line)?.groups;
    const comment = COMMENT.exec(line)?.groups;
    if (fence !== undefined) {
      const { indent = '', info = '' } = fence;
      const end = endOf(lines, index + 1, (candidate) => candidate.trim() === '```');
      const text = lines.slice(index + 1, end).map((content) => content.replace(indent, ''));
      const isConsole = fence['language'] === '' && text[0]?.startsWith('$ ') === true;
      const language = isConsole ? 'console' : (fence['language'] ?? '');
      blocks.push({ language, options: optionsOf(info), text: text.join('\n'), line: index + 2 });
      index = end;
    } else if (comment !== undefined) {
      const end = endOf(lines, index, (candidate) => candidate.endsWith('-->'));
      const text = [comment['first'] ?? '', ...lines.slice(index + 1, end + 1)].join('\n').replace(/-->$/, '');
      blocks.push({ language: 'sh', options: {}, text, line: index + 1 });
      index = end;
    } else if (/^ {4}\S/.test(line) && lines[index - 1] === '' && !isInList(lines, index)) {
      const end = lines.findIndex((candidate, at) => at > index && !candidate.startsWith('    '));
      blocks.push({ language: 'sh', options: {}, text: lines.slice(index, end).join('\n'), line: index + 1 });
      index = end;
    }
  }
  return blocks;
}

/** Whether the last line above that is not indented belongs to a list. */
function isInList(lines: readonly string[], index: number): boolean {
  const above = lines.slice(0, index).findLast((line) => line !== '' && !line.startsWith(' '));
  return above !== undefined && /^([-*]|\d+\.) /.test(above);
}

export interface Step {
  command: string;
  /** What it must print; undefined: anything. */
  output?: string;
}

/** The commands of a `sh` or `console` block. */
export function stepsOf({ language, text }: Block): Step[] {
  if (language !== 'console') return [{ command: text }];
  const [head, ...parts] = `\n${text}`.split('\n$ ');
  if (head !== '' || parts.length === 0) throw new Error('a console block begins with "$ " and a command');
  return parts.map((part) => {
    const [command = '', ...output] = part.split('\n');
    return { command, output: output.join('\n') };
  });
}

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

const collapsed = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '');

/** Whether the printed text is as the page says, blanks aside. */
export function isAsTold(told: string, printed: string): boolean {
  const pattern = collapsed(told).map((line) =>
    line === '...' ? '(?:.*\n)*?' : `${line.split('…').map(literally).join('.*')}\n`,
  );
  return new RegExp(`^${pattern.join('')}$`).test(`${collapsed(printed).join('\n')}\n`.replace(/^\n$/, ''));
}
