/** What was measured, as tables, against the goals, and as docs/performance.md with its plot. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { format } from 'prettier';
import type { Part } from './admission.ts';
import type { Row } from './measure.ts';
import { type Bar, barChart } from './svg.ts';

/** Share of the raw server's rate by number of injectors; p99 in ms at half the peak; MiB by number of injectors. */
const GOALS = {
  ratio: { 1: 0.6, 1000: 0.5 } as Record<number, number>,
  p99: 5,
  memory: { 1: 150, 1000: 200 } as Record<number, number>,
};

const HEAD = ['server', 'requests/s', 'of raw', 'CPU us', 'p50 ms', 'p99 ms', 'p99.9 ms', 'RSS MiB'];

const cellsOf = ({ target, peak, ratio, cpu, p50, p99, p999, memory }: Row): string[] => [
  target.name,
  peak.toFixed(0),
  `${(ratio * 100).toFixed(0)} %`,
  cpu.toFixed(0),
  p50.toFixed(2),
  p99.toFixed(2),
  p999.toFixed(2),
  String(memory),
];

/** For a terminal. Latencies are at half of each server's own peak. */
export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map((row) => cellsOf(row))];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** What of a part is worse than the goals. */
export function missedGoals({ scenario, rows }: Part): string[] {
  const raw = rows.find(({ target }) => target.kind === 'raw');
  return rows
    .filter(({ target }) => target.kind === 'ours')
    .flatMap(({ target, ratio, p99, memory }) => {
      const where = `${scenario.title}, ${target.name}`;
      const wanted = GOALS.ratio[target.injectors] ?? 0;
      const limit = GOALS.memory[target.injectors] ?? Infinity;
      return [
        ...(ratio < wanted ? [`${where}: ${(ratio * 100).toFixed(0)} % of raw, not ${wanted * 100} %`] : []),
        ...(p99 >= GOALS.p99
          ? [`${where}: p99 ${p99.toFixed(1)} ms, not under ${GOALS.p99} ms (raw: ${raw?.p99.toFixed(1)} ms)`]
          : []),
        ...(memory >= limit ? [`${where}: ${memory} MiB, not under ${limit} MiB`] : []),
      ];
    });
}

const markdownTable = (rows: readonly Row[]): string =>
  [HEAD, HEAD.map((_, column) => (column === 0 ? '---' : '---:')), ...rows.map((row) => cellsOf(row))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;

/** The machine and the versions, as a list. */
export function machine(): string {
  // Not availableParallelism: the load leaves the first core to the servers, and would not count it.
  const processors = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return [
    `- Machine: ${processors[0]?.model ?? 'unknown processor'}, ${processors.length} cores, ${memory} GiB, Linux ${release()}`,
    `- Node ${process.version}, express ${versionOf('express')}, fast-json-patch ${versionOf('fast-json-patch')}`,
    `- Date: ${new Date().toISOString().slice(0, 10)}`,
  ].join('\n');
}

const TEXT = `Each server runs on one core of its own process, the load on the other cores. TLS 1.3, keep-alive, one request on a
connection at a time, the headers of a kube-apiserver. Servers take turns of a second, so that
what else the machine does hits all of them; every figure is the median of the rounds, and the share of raw the median of the
shares within a round.

- **raw node:https** parses the body and answers a constant patch: the least that a webhook in Node can do.
- **express + compare** is what people write: express, JSON.parse, fast-json-patch.compare. It neither checks its patch nor
  logs nor counts.
- **ours** is the operator's admission server with 5,000 namespaces in its cache, its log and its metrics.

Latencies are at half of the server's own peak, the median of those of each second. Requests become due at random, whether or not earlier ones are answered, and
count from when they were due. Those of the raw server show what of it is the machine and the load generator.`;

/** Writes docs/performance.md between its marks, and docs/performance.svg. */
export async function writeReport(
  parts: readonly Part[],
  missed: readonly string[],
  args: readonly string[],
): Promise<void> {
  const names = [...new Set(parts.flatMap(({ rows }) => rows.map(({ target }) => target.name)))];
  const bars = parts.map(({ scenario, rows }): Bar => ({
    label: scenario.title,
    values: names.map((name) => rows.find(({ target }) => target.name === name)?.peak),
  }));
  writeFileSync('docs/performance.svg', barChart('Requests per second on one core', names, bars, '/s'));
  const tables = parts.map(
    ({ scenario, rows }) => `### ${scenario.title}, ${scenario.connections} connections\n\n${markdownTable(rows)}`,
  );
  const goals =
    missed.length === 0
      ? 'Every goal was reached.'
      : `Missed goals:\n\n${missed.map((text) => `- ${text}`).join('\n')}`;
  const admission = `\`make bench ARGS="${args.join(' ')}"\` made this section.\n\n${machine()}\n\n${TEXT}\n\n${goals}\n\n![Requests per second](performance.svg)\n\n${tables.join('\n\n')}`;
  await writeSection('admission', admission);
}

/** Puts a generated section between its marks in a page. */
export async function writeSection(name: string, text: string, file = 'docs/performance.md'): Promise<void> {
  const [start, end] = [`<!-- ${name}: generated -->`, `<!-- ${name}: end -->`];
  const page = readFileSync(file, 'utf8');
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`${file} has no section ${name}`);
  const next = `${page.slice(0, from)}${start}\n\n${text}\n\n${page.slice(to)}`;
  writeFileSync(file, await format(next, { parser: 'markdown', printWidth: 120 }));
}
