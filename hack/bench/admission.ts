/**
 * The admission server beside a raw node:https server, which is the limit, and beside what people usually write, in one run:
 * AdmissionReviews over TLS, keep-alive, 16 connections, the servers on one core and the load on the others.
 * `node hack/bench/admission.ts [--seconds 1] [--rounds 15] [--full] [--report]`
 * Prints tables and ends with status 1 when a goal is missed. `--full` measures by number of injectors, size of the pods and
 * connections, too; `--report` writes docs/performance.md and its plot.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endOnSignals } from '../../test/e2e/support/child.ts';
import { USUAL, WITH_A_BIG_ONE, bodyOfSize } from './bodies.ts';
import { type Effort, type Row, type Scenario, measure } from './measure.ts';
import { missedGoals, tableOf, writeReport } from './report.ts';
import { type Kind, type Target, bundleTarget, leaveFirstCore, startTarget, writeIdentity } from './targets.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '15' },
    full: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});

export interface Part {
  scenario: Scenario;
  rows: readonly Row[];
}

const KIB = 1024;
const SIZES = [2, 8, 32, 128, 512, 1024];

/** The targets of each scenario are a few of all, which stay up from the first to the last. */
async function scenarios(start: (kind: Kind, injectors: number) => Promise<Target>): Promise<Scenario[]> {
  const [raw, usual, ours] = [await start('raw', 1), await start('usual', 1), await start('ours', 1)];
  const many = await start('ours', 1000);
  const connections = 16;
  const main = [
    { title: 'Usual pods (2.5 to 5.6 KB)', bodies: USUAL, connections, targets: [raw, usual, ours, many] },
    {
      title: 'With a pod of 179 KB among them',
      bodies: WITH_A_BIG_ONE,
      connections,
      targets: [raw, usual, ours, many],
    },
  ];
  if (!values.full) return main;
  const ten = await start('ours', 10);
  const hundred = await start('ours', 100);
  return [
    ...main,
    { title: 'By number of injectors', bodies: USUAL, connections, targets: [raw, ours, ten, hundred, many] },
    ...SIZES.map((size) => ({
      title: `Pods of ${size} KB`,
      bodies: [bodyOfSize(size * KIB)],
      connections,
      targets: [raw, usual, ours],
    })),
    ...[1, 64].map((count) => ({
      title: `${count} connection${count === 1 ? '' : 's'}`,
      bodies: USUAL,
      connections: count,
      targets: [raw, usual, ours],
    })),
  ];
}

const directory = mkdtempSync(join(tmpdir(), 'bench-admission-'));
const targets: Target[] = [];
endOnSignals();
try {
  const { file, ca } = await writeIdentity(directory);
  const script = await bundleTarget(directory);
  leaveFirstCore();
  const effort: Effort = { seconds: Number(values.seconds), rounds: Number(values.rounds), ca };
  const start = async (kind: Kind, injectors: number): Promise<Target> => {
    const target = await startTarget(kind, injectors, { script, identity: file });
    targets.push(target);
    return target;
  };
  const parts: Part[] = [];
  for (const scenario of await scenarios(start)) {
    const part = { scenario, rows: await measure(scenario, effort) };
    parts.push(part);
    console.log(`\n${scenario.title}, ${scenario.connections} connections\n${tableOf(part.rows)}`);
  }
  const missed = parts.slice(0, 2).flatMap((part) => missedGoals(part));
  for (const text of missed) console.log(`missed: ${text}`);
  if (missed.length > 0) process.exitCode = 1;
  if (values.report) await writeReport(parts, missed, process.argv.slice(2));
} finally {
  for (const target of targets) target.stop();
  rmSync(directory, { recursive: true, force: true });
}
