/** Writes what `make mutation-test` found into docs/mutation.md: a row for each file, from .run/mutation.json. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { machine, writeSection } from '../bench/report.ts';

type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'CompileError' | 'Ignored';
interface Report {
  files: Record<string, { mutants: { status: Status }[] }>;
}

interface Row {
  name: string;
  killed: number;
  survived: number;
}

const NOTICED: ReadonlySet<Status> = new Set(['Killed', 'Timeout']);
const MISSED: ReadonlySet<Status> = new Set(['Survived', 'NoCoverage']);

/** What cannot run at all says nothing of the tests. */
const rowOf = (name: string, mutants: readonly { status: Status }[]): Row => ({
  name,
  killed: mutants.filter(({ status }) => NOTICED.has(status)).length,
  survived: mutants.filter(({ status }) => MISSED.has(status)).length,
});

const line = ({ name, killed, survived }: Row): string =>
  `| ${name} | ${killed + survived} | ${killed} | ${survived} | ${((killed / (killed + survived)) * 100).toFixed(1)} % |`;

const { files } = JSON.parse(readFileSync('.run/mutation.json', 'utf8')) as Report;
const rows = Object.entries(files)
  .map(([file, { mutants }]) => rowOf(path.basename(file), mutants))
  .filter(({ killed, survived }) => killed + survived > 0)
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));
const sum = (field: 'killed' | 'survived'): number => rows.reduce((total, row) => total + row[field], 0);
const all: Row = { name: '**all**', killed: sum('killed'), survived: sum('survived') };
const table = [
  '| file of src/domain | changes | noticed | not | share |',
  '| --- | ---: | ---: | ---: | ---: |',
  ...[...rows, all].map((row) => line(row)),
];
const how = '`make mutation-test`, then `make mutation-report`, made this section.';
await writeSection('score', `${how}\n\n${machine()}\n\n${table.join('\n')}`, 'docs/mutation.md');
